using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end before three others, which it knows by their addresses: what a load balancer does.</summary>
[Trait("Host", "native")]
public sealed class AddressesTests
{
    [Fact]
    public async Task Requests_survive_the_end_of_a_server_and_it_is_used_again_when_it_is_back()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var first = await RunningFrontEnd.StartAsync(Server("one"));
        await using var second = await RunningFrontEnd.StartAsync(Server("two"));
        var third = FreePort();
        await using var balancer = await RunningFrontEnd.StartAsync($$"""
            name: balancer
            daemons: [ { name: app, addresses: [ "{{first.Uri}}", "{{second.Uri}}", "http://127.0.0.1:{{third}}" ] } ]
            """);
        // POST is never repeated: it has to be moved before any of it has been sent.
        async Task AskAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var answer = await balancer.Client.PostAsync("/sink", new ByteArrayContent(Encoding.ASCII.GetBytes($"{i}")), stop);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }
        await AskAsync(12);
        var group = (await balancer.Control.GetStatusAsync(stop)).Daemons[0];
        Assert.Equal([DaemonState.Ready, DaemonState.Ready, DaemonState.BackingOff], group.Addresses.Select(StateOf));
        Assert.Equal((nameof(DaemonState.External), $"{first.Uri.ToString().TrimEnd('/')}, {second.Uri.ToString().TrimEnd('/')}, http://127.0.0.1:{third}"),
            (group.State, group.Address));
        Assert.All(group.Addresses.Take(2), address => Assert.InRange(address.Requests, 5, 7));
        Assert.Contains("DPXY0090", balancer.Events());
        await using (var late = await RunningFrontEnd.StartAsync(Server("three", third)))
        {
            await RunningFrontEnd.UntilAsync(() => State(2) == DaemonState.Ready, "the third server");
            Assert.Contains("DPXY0091", balancer.Events());
            // A reload keeps what is the same: the address is not left out again, and it is not new either.
            await balancer.Control.RestartAsync(null, stop);
            await AskAsync(9);
            Assert.True((await late.Control.GetStatusAsync(stop)).Requests >= 3);
        }
        await AskAsync(12);
        Assert.Equal(DaemonState.BackingOff, State(2));
        // What has been left out stays left out over a reload.
        await balancer.Control.RestartAsync(null, stop);
        Assert.Equal(DaemonState.BackingOff, State(2));
        await AskAsync(6);

        DaemonState State(int index) => StateOf(balancer.Control.GetStatusAsync(stop).GetAwaiter().GetResult().Daemons[0].Addresses[index]);
    }

    [Fact]
    public async Task With_a_health_check_each_server_is_checked_and_a_request_moves_before_the_check_notices()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var first = await RunningFrontEnd.StartAsync(Server("one"));
        var second = await RunningFrontEnd.StartAsync(Server("two"));
        await using var balancer = await RunningFrontEnd.StartAsync($$"""
            name: balancer
            daemons:
              - name: app
                addresses: [ "{{first.Uri}}", "{{second.Uri}}" ]
                health-check: { path: /, interval: 1s, unhealthy-after: 2 }
            """);
        DaemonState[] States() =>
            [.. balancer.Control.GetStatusAsync(stop).GetAwaiter().GetResult().Daemons[0].Addresses.Select(StateOf)];
        await RunningFrontEnd.UntilAsync(() => States() is [DaemonState.Ready, DaemonState.Ready], "both servers");
        await second.DisposeAsync();
        // The check has not failed twice yet.
        for (var i = 0; i < 10; i++)
        {
            using var answer = await balancer.Client.PostAsync("/sink", new ByteArrayContent(new byte[1]), stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        await RunningFrontEnd.UntilAsync(() => States() is [DaemonState.Ready, DaemonState.Unhealthy], "the check");
        var group = (await balancer.Control.GetStatusAsync(stop)).Daemons[0];
        Assert.Equal(nameof(DaemonState.Ready), group.State);
        Assert.NotNull(group.Addresses[1].Failure);
        Assert.Contains("DPXY0070", balancer.Events());
        Assert.DoesNotContain("DPXY0090", balancer.Events());
    }

    private static DaemonState StateOf(AddressStatus address) => Enum.Parse<DaemonState>(address.State);

    private static string Server(string name, int port = 0) => $$"""
        name: {{name}}
        listen: http://127.0.0.1:{{port}}
        daemons: [ { name: app, sample: on } ]
        """;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
