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

    /// <summary>
    /// The same, but <c>-WhatIf</c> selects only what is running, and says so where nothing is.
    /// </summary>
    /// <param name="verb">What the cmdlet does: <c>stop</c>.</param>
    private protected IReadOnlyList<string> Names(string verb)
    {
        if (!IsWhatIf)
            return Names();
        var running = NamesOf(null);
        if (Name is null && running.Count > 0)
            return Names();
        if (Name is null)
            SayWhatIf($"nothing to {verb}: no front end is running");
        var names = new List<string>();
        foreach (var pattern in Name ?? [])
        {
            var matching = Matching(pattern, running).Intersect(running).ToList();
            if (matching.Count == 0)
                SayWhatIf($"nothing to {verb}: no front end "
                    + $"{(WildcardPattern.ContainsWildcardCharacters(pattern) ? "like" : "named")} '{pattern}' is running");
            names.AddRange(matching.Except(names));
        }

        return names;
    }
}
