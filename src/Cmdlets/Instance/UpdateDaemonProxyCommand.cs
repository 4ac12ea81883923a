using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Replaces running front ends by new processes of this module's version, without refusing or breaking a connection: the new process reads
/// the configuration again, starts its daemons, and takes over the listening sockets once they serve. If it does not get ready, nothing
/// changes.
/// </summary>
[Cmdlet(VerbsData.Update, "DaemonProxy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(InstanceStatus))]
public sealed class UpdateDaemonProxyCommand : InstanceChangeCommand
{
    // The front end ends a new process that is late before it answers.
    private static readonly TimeSpan EndOfProcess = TimeSpan.FromSeconds(60);

    // Beyond any startup-timeout that somebody waits for; the new process itself gives up earlier.
    private static readonly TimeSpan LongestStart = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the new daemons may take before they serve. Default: each group's <c>startup-timeout</c>, or 30 s for a group without one.
    /// </summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan? Timeout { get; set; }

    /// <summary>Return the front end, as the new process reports it.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Names("update"))
        {
            if (!ShouldProcess($"'{name}'", "Replace the front end's process by a new one"))
                continue;
            if (Update(name) is not { } status)
                continue;
            WriteWarnings(status);
            if (PassThru)
                WriteObject(status);
        }
    }

    private InstanceStatus? Update(string name)
    {
        try
        {
            return Wait($"Updating '{name}'", async stop =>
            {
                using var client = new ControlClient(name) { Timeout = Timeout is { } limit ? limit + EndOfProcess : LongestStart };
                return await client.UpdateAsync(HostProgram.Find(HostFolder), Timeout, stop).ConfigureAwait(false);
            });
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
            return null;
        }
    }
}
