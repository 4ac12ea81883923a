using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Rereads the configuration and replaces the daemons without losing a request: new daemons serve before the old ones get their last
/// request. When the configuration is invalid, or a daemon does not start or does not get healthy, nothing changes.
/// </summary>
[Cmdlet(VerbsLifecycle.Restart, "DaemonProxy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(InstanceStatus))]
public sealed class RestartDaemonProxyCommand : RenewalCommand
{
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
    protected override void ProcessRecord() => Renew(
        "restart", Daemon is null ? "Read configuration again and replace daemons" : $"Replace daemons of group '{Daemon}'", "Restarting",
        StartPatience.ForRestart(Timeout), (client, stop) => client.RestartAsync(Daemon, Timeout, stop), PassThru,
        warns: Daemon is null);
}
