using System.CommandLine;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy restart [NAME]</c>: reads the configuration again and replaces the daemons, without losing a request.</summary>
internal static class RestartCommand
{
    public static Command Create()
    {
        var daemon = new Option<string?>("--daemon")
        {
            Description = "Only the processes of this group, with the configuration they have.",
            HelpName = "NAME",
        };
        return RenewalCommand.Create(
            "restart", "Read the configuration again and replace the daemons gracefully; one that does not get healthy changes nothing.",
            [daemon],
            (client, arguments, within, cancellationToken) => client.RestartAsync(arguments.GetValue(daemon), within, cancellationToken),
            (status, arguments) => $"'{status.Name}' serves with new daemons"
                + (arguments.GetValue(daemon) is { } group ? $" in group '{group}'" : ""));
    }
}
