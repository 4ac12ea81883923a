using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>daemonproxy update [NAME]</c>: has a new process of this program take over a front end that is running, without a connection being
/// refused or broken.
/// </summary>
internal static class UpdateCommand
{
    // Beyond any startup-timeout that somebody waits for; the front end itself gives up earlier.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public static Command Create()
    {
        var name = FrontEndNames.CreateArgument();
        var json = JsonOption.Create();
        var command = new Command(
            "update",
            "Replace a running front end by a new process of this program, with the configuration read again; no connection is refused or "
            + "broken, and one that does not get ready changes nothing.")
        {
            name, json,
        };
        var startTimeout = StartTimeout.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var client = new ControlClient(arguments.GetValue(name)!) { Timeout = Patience };
            var status = await client.UpdateAsync(
                ServeRun.ThisProgram()[^1], StartTimeout.Value(arguments, startTimeout), cancellationToken);
            foreach (var warning in status.Warnings)
                await arguments.InvocationConfiguration.Error.WriteLineAsync($"warning: {warning}");
            await arguments.InvocationConfiguration.Output.WriteLineAsync(arguments.GetValue(json)
                ? JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus)
                : $"'{status.Name}' serves {string.Join(", ", status.Uris)} as process {status.ProcessId}, version {status.Version}; "
                + $"{string.Join(", ", status.Replaced.Select(process => $"process {process}"))} ends when what it has in flight has "
                + "finished");
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
