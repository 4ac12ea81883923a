namespace DaemonProxy.Pacing;

/// <summary>
/// A pacer: all that parser, schema, cmdlets, filters, verification, warnings and the Apache conversion have to know of it.
/// </summary>
/// <param name="Kind">The pacer.</param>
/// <param name="Name">Its name in a configuration.</param>
/// <param name="Description">What it does, as the end of a sentence that begins with its name.</param>
/// <param name="Create">Makes the pacer of one response, from bytes a second (&gt; 0), the clock, and the count of paced responses.</param>
public sealed record PacerDefinition(PacerKind Kind, string Name, string Description, Func<long, TimeProvider, PacingLoad, IPacer> Create)
{
    /// <summary>Whether responses can share a rate that it keeps; otherwise it sleeps for each response by itself.</summary>
    public bool CanBeShared { get; init; }

    /// <summary>
    /// Whether it counts writes, not bytes: each leaves with a flush after it, and no filter above may cut or flush what comes down to it.
    /// </summary>
    public bool CountsWrites { get; init; }

    /// <summary>Whether a write that is not full yet is held back until it is, or a marker forces it out.</summary>
    public bool HoldsForFullWrites { get; init; }

    /// <summary>What a flush costs a response, however little it forces out.</summary>
    public TimeSpan FlushCost { get; init; }

    /// <summary>Whether it keeps the rate of every response; otherwise small writes pass it at any rate.</summary>
    public bool KeepsRate { get; init; } = true;

    /// <summary>How far the rate achieved may be from the one configured, as a fraction.</summary>
    public required double Tolerance { get; init; }
}
