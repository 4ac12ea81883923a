using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that looks at front ends.</summary>
public abstract class InstanceQueryCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }
}
