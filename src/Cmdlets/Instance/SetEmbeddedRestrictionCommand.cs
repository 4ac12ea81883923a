using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Refuses or allows embedded mode while the front end serves.</summary>
[Cmdlet(VerbsCommon.Set, "EmbeddedRestriction", SupportsShouldProcess = true, DefaultParameterSetName = OnSet)]
[OutputType(typeof(InstanceStatus))]
public sealed class SetEmbeddedRestrictionCommand : InstanceChangeCommand
{
    private const string OnSet = "On";
    private const string OffSet = "Off";

    /// <summary>Refuse embedded requests with a 500 response, and log the refusal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = OnSet)]
    public SwitchParameter On { get; set; }

    /// <summary>Allow embedded requests.</summary>
    [Parameter(Mandatory = true, ParameterSetName = OffSet)]
    public SwitchParameter Off { get; set; }

    /// <summary>Return the changed front end.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var restricted = ParameterSetName == OnSet ? On.IsPresent : !Off.IsPresent;
        foreach (var name in Names())
        {
            if (!ShouldProcess($"'{name}'", restricted ? "Restrict embedded mode" : "Allow embedded mode"))
                continue;
            var status = Ask(name, $"Changing the restriction of '{name}'", (client, stop) => client.SetRestrictionAsync(restricted, stop));
            if (status is not null && PassThru)
                WriteObject(status);
        }
    }
}
