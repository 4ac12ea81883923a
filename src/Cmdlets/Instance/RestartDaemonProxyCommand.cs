using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Rereads the configuration and replaces the daemons without losing a request: new daemons serve before the old ones get their last
/// request. When the configuration is invalid, or a daemon does not start or does not get healthy, nothing changes.
/// </summary>
[Cmdlet(VerbsLifecycle.Restart, "DaemonProxy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(InstanceStatus))]
public sealed class RestartDaemonProxyCommand : InstanceChangeCommand
{
    // The front end ends daemons that are late before it answers.
    private static readonly TimeSpan EndOfDaemons = TimeSpan.FromSeconds(20);

    // Beyond any startup-timeout that somebody waits for; the front end itself gives up earlier.
    private static readonly TimeSpan LongestStart = TimeSpan.FromHours(1);

    /// <summary>Replace only the processes of this daemon group, and keep its configuration.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string? Daemon { get; set; }

    /// <summary>
    /// How long the new daemons may take before they serve. Default: each group's <c>startup-timeout</c>, or 30 s for a group without one.
    /// </summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan? Timeout { get; set; }

    /// <summary>Return the front end.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Names("restart"))
        {
            if (!ShouldProcess(
                $"'{name}'", Daemon is null ? "Read configuration again and replace daemons" : $"Replace daemons of group '{Daemon}'"))
                continue;
            if (Restart(name) is not { } status)
                continue;
            if (Daemon is null)
                WriteWarnings(status);
            if (PassThru)
                WriteObject(status);
        }
    }

    private InstanceStatus? Restart(string name)
    {
        try
        {
            return Wait($"Restarting '{name}'", async stop =>
            {
                using var client = new ControlClient(name) { Timeout = Timeout is { } limit ? limit + EndOfDaemons : LongestStart };
                return await client.RestartAsync(Daemon, Timeout, stop).ConfigureAwait(false);
            });
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
            return null;
        }
    }
}
