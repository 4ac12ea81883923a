using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy restart [NAME]</c>: reads the configuration again and replaces the daemons, without losing a request.</summary>
internal static class RestartCommand
{
    // Beyond any startup-timeout that somebody waits for; the front end itself gives up earlier.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public static Command Create()
    {
        var name = FrontEndNames.CreateArgument();
        var daemon = new Option<string?>("--daemon")
        {
            Description = "Only the processes of this group, with the configuration they have.",
            HelpName = "NAME",
        };
        var json = JsonOption.Create();
        var command = new Command(
            "restart", "Read the configuration again and replace the daemons gracefully; one that does not get healthy changes nothing.")
        {
            name, daemon, json,
        };
        var startTimeout = StartTimeout.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var client = new ControlClient(arguments.GetValue(name)!) { Timeout = Patience };
            var status = await client.RestartAsync(
                arguments.GetValue(daemon), StartTimeout.Value(arguments, startTimeout), cancellationToken);
            foreach (var warning in status.Warnings)
                await arguments.InvocationConfiguration.Error.WriteLineAsync($"warning: {warning}");
            await arguments.InvocationConfiguration.Output.WriteLineAsync(arguments.GetValue(json)
                ? JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus)
                : $"'{status.Name}' serves with new daemons{(arguments.GetValue(daemon) is { } group ? $" in group '{group}'" : "")}");
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
