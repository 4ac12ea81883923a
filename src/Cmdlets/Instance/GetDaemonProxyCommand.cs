using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Finds this user's running front ends, whichever console started them.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxy")]
[OutputType(typeof(InstanceStatus), typeof(OptionStatus))]
public sealed class GetDaemonProxyCommand : InstanceQueryCommand
{
    /// <summary>Show instead the options in force for each daemon group, and which of them are defaults.</summary>
    [Parameter]
    public SwitchParameter Detail { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (Detail)
            {
                WriteObject(Ask(name, $"Asking '{name}' for its options", (client, stopping) => client.GetOptionsAsync(stopping)) ?? [],
                    enumerateCollection: true);
                continue;
            }
            if (StatusOf(name) is { } status)
                WriteObject(status);
        }
    }
}
