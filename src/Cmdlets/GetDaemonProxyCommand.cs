using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Finds the front ends of this user that run, whichever console started them.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxy")]
[OutputType(typeof(DaemonProxyInfo))]
public sealed class GetDaemonProxyCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is { } status)
                WriteObject(new DaemonProxyInfo(status));
        }
    }
}
