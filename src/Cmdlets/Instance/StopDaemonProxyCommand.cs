using System.Management.Automation;
using DaemonProxy.Configuration;
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

    /// <summary>Do not ask whether the only front end is meant when no name is given.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Names("stop"))
        {
            if ((Name is null && !IsMeant(name)) || !ShouldProcess($"'{name}'", "Stop front end"))
                continue;
            var last = Ask(name, $"Stopping '{name}'", (client, stop) => client.StopAsync(Timeout, stop));
            if (last is not null && PassThru)
                WriteObject(last);
        }
    }

    /// <summary>
    /// Whether the only front end is the one to stop when no name was given. Its name may be news to whoever ran the cmdlet.
    /// </summary>
    private bool IsMeant(string only)
    {
        if (only == ProxyConfiguration.DefaultName || Force || IsWhatIf || IsBound("Confirm") is not null
            || ConfirmPreference == ConfirmImpact.None)
            return true;
        try
        {
            return ShouldContinue($"No name was given, and '{only}' is the only front end running. Stop it?", "Stop front end");
        }
        // Every host has its own way to say that it cannot ask; the console at the end of its input fails with a null reference.
        catch (Exception error) when (error is not PipelineStoppedException)
        {
            WriteError($"no name was given, and there is nobody to ask whether '{only}', the only front end running, is to be stopped; "
                + $"name it (Stop-DaemonProxy {only}), or add -Force", "NameRequired", ErrorCategory.InvalidArgument, only);
            return false;
        }
    }
}
