using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A cmdlet that changes front ends. Where several run it wants to be told which: none is changed because somebody forgot it.
/// </summary>
public abstract class InstanceChangeCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, the only one that runs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Those that <see cref="Name"/> means, or the only one there is; none after an error.</summary>
    private protected IReadOnlyList<string> Names() => Name is not null ? NamesOf(Name) : NameOfOne(null) is { } only ? [only] : [];
}
