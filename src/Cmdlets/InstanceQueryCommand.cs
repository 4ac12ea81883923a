using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that queries front ends.</summary>
public abstract class InstanceQueryCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Default: all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }
}
