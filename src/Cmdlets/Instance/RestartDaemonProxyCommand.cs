using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Rereads the configuration and replaces the daemons without losing a request: new daemons listen before the old ones get their last
/// request. A configuration that is invalid or does not start changes nothing.
/// </summary>
[Cmdlet(VerbsLifecycle.Restart, "DaemonProxy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(InstanceStatus))]
public sealed class RestartDaemonProxyCommand : InstanceChangeCommand
{
    /// <summary>Replace only the processes of this daemon group, and keep its configuration.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string? Daemon { get; set; }

    /// <summary>How long the new daemons may take before they serve. Default 10 min.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(10);

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
                using var client = new ControlClient(name) { Timeout = Timeout };
                return await client.RestartAsync(Daemon, stop).ConfigureAwait(false);
            });
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
            return null;
        }
    }
}
