using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy stop [NAME]</c>: ends a front end, with its daemons.</summary>
internal static class StopCommand
{
    public static Command Create()
    {
        var name = FrontEndNames.CreateArgument();
        var timeout = new Option<string?>("--timeout")
        {
            Description = "What is in flight after this is broken off. Default: 10s.",
            HelpName = "TIME",
        };
        var json = JsonOption.Create();
        var command = new Command(
            "stop", "Stop a front end: it takes no new connections, finishes what is in flight, and ends with its daemons.")
        {
            name, timeout, json,
        };
        command.AddRule(parsed =>
        {
            if (parsed.GetValue(timeout) is { } text && !Units.TryParseDuration(text, TimeSpan.FromSeconds(1), out _))
                parsed.AddError($"--timeout: '{text}' is no time; write for example 10s, 500ms, or a number of seconds.");
        });
        command.SetAction(async (arguments, cancellationToken) =>
        {
            Units.TryParseDuration(arguments.GetValue(timeout) ?? "10s", TimeSpan.FromSeconds(1), out var drain);
            using var client = new ControlClient(arguments.GetValue(name)!);
            var status = await client.StopAsync(drain, cancellationToken);
            await arguments.InvocationConfiguration.Output.WriteLineAsync(arguments.GetValue(json)
                ? JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus)
                : $"'{status.Name}' (process {status.ProcessId}) has ended");
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
