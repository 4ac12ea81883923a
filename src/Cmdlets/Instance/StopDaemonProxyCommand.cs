using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Stops front ends: they accept no new connections, finish what is in flight, and end together with their daemons.</summary>
[Cmdlet(VerbsLifecycle.Stop, "DaemonProxy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(InstanceStatus))]
public sealed class StopDaemonProxyCommand : InstanceChangeCommand
{
    /// <summary>How long responses in flight may take to finish; after that, they are broken off. Default 10 s.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Return the front end as it was when it was stopped.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Names())
        {
            if (!ShouldProcess($"'{name}'", "Stop front end"))
                continue;
            var last = Ask(name, $"Stopping '{name}'", (client, stop) => client.StopAsync(Timeout, stop));
            if (last is not null && PassThru)
                WriteObject(last);
        }
    }
}
