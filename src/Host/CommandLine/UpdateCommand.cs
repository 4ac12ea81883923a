using System.CommandLine;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>daemonproxy update [NAME]</c>: has a new process of this program take over a front end that is running, without a connection being
/// refused or broken.
/// </summary>
internal static class UpdateCommand
{
    public static Command Create() => RenewalCommand.Create(
        "update",
        "Replace a running front end by a new process of this program, with the configuration read again; no connection is refused or "
        + "broken, and one that does not get ready changes nothing.",
        [],
        (client, _, within, cancellationToken) => client.UpdateAsync(ServeRun.ThisProgram()[^1], within, cancellationToken),
        (status, _) => $"'{status.Name}' serves {string.Join(", ", status.Uris)} as process {status.ProcessId}, version {status.Version}; "
            + $"{string.Join(", ", status.Replaced.Select(process => $"process {process}"))} ends when what it has in flight has finished");
}
