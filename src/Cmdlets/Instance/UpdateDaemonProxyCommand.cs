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
public sealed class UpdateDaemonProxyCommand : RenewalCommand
{
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
    protected override void ProcessRecord() => Renew(
        "update", "Replace the front end's process by a new one", "Updating", StartPatience.ForUpdate(Timeout),
        (client, stop) => client.UpdateAsync(HostProgram.Find(HostFolder), Timeout, stop), PassThru, warns: true);
}
