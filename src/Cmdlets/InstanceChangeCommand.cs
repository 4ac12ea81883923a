using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A cmdlet that changes front ends. If several are running, it requires a name, so that none is changed because somebody forgot to give
/// one.
/// </summary>
public abstract class InstanceChangeCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Default: the only one running.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>The front ends that <see cref="Name"/> selects, or the only one running; empty after an error.</summary>
    private protected IReadOnlyList<string> Names() => Name is not null ? NamesOf(Name) : NameOfOne(null) is { } only ? [only] : [];
}
