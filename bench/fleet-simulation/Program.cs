using System.Diagnostics;
using System.Globalization;
using DaemonProxy.FleetSimulation;
using DaemonProxy.Tests.Fleet;

// bench/fleet --simulate [MEMBERS CLIENTS ACTIVE SECONDS]: a fleet in virtual time, the script on a real server. Writes a table.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var numbers = args.Select(int.Parse).ToArray();
var (members, clients, active, seconds) = numbers is [var a, var b, var c, var d] ? (a, b, c, d) : (1_000, 100_000, 5_000, 20);
await using var redis = await RedisProcess.StartAsync();
await using var connection = await redis.ConnectAsync();
var watch = Stopwatch.StartNew();
var simulation = new Simulation(connection, members, clients, active);
simulation.Run(seconds);
Console.WriteLine($"""
    | what | |
    | --- | --- |
    | members, clients, of them active at a time, responses | {members:N0}, {clients:N0}, {active:N0}, {simulation.Responses:N0} |
    | a call takes | 2 to 100 ms, half of it to the server |
    | responses that begin and end | {simulation.Churn / seconds:N0} a second |
    | total limit: largest sum of the shares in force | {simulation.MostShare:P2} of the rate |
    | total limit: sent in a second, least / mean / most | {simulation.Least:P1} / {simulation.Mean:P1} / {simulation.Most:P1} of the rate |
    | limits by client: largest sum of the shares in force | {simulation.MostOfClient:P2} of the rate |
    | a new response's first share, median / 99% / longest | {simulation.Wait(0.5):0} / {simulation.Wait(0.99):0} / {simulation.Wait(1):0} ms |
    | calls | {simulation.Calls / seconds:N0} a second, {simulation.LimitsPerCall:0.0} limits each |
    | keys on the server, most | {simulation.MostKeys:N0} |
    | the server's processor | {simulation.ServerSeconds / simulation.Calls * 1e6:0} us a call: {simulation.ServerSeconds / seconds:P0} of a core |

    {seconds} s of virtual time in {watch.Elapsed.TotalSeconds:0} s
    """);
