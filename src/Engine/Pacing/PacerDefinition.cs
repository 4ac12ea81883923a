namespace DaemonProxy.Pacing;

/// <summary>
/// Describes a pacer: everything that parser, schema, cmdlets, filters, verification, warnings and the Apache conversion have to know about
/// it.
/// </summary>
/// <param name="Kind">The pacer.</param>
/// <param name="Name">Its name in a configuration.</param>
/// <param name="Description">What it does, as the end of a sentence that begins with its name.</param>
/// <param name="Create">Creates the pacer of one response from bytes per second (&gt; 0), the clock, and the count of paced
/// responses.</param>
public sealed record PacerDefinition(PacerKind Kind, string Name, string Description, Func<long, TimeProvider, PacingLoad, IPacer> Create)
{
    /// <summary>Whether several responses can share one rate; otherwise the pacer sleeps separately for each response.</summary>
    public bool CanBeShared { get; init; }

    /// <summary>
    /// Whether it can pace the bodies of requests, too. One that imitates what Apache does to a response's writes has none to count there.
    /// </summary>
    public bool CanPaceUploads { get; init; }

    /// <summary>
    /// Whether it counts writes, not bytes: each write leaves followed by a flush, and no filter above may cut or flush the data passed
    /// down to it.
    /// </summary>
    public bool CountsWrites { get; init; }

    /// <summary>Whether a write is held back until it is full or a marker forces it out.</summary>
    public bool HoldsForFullWrites { get; init; }

    /// <summary>The time that a flush costs a response, however few bytes it forces out.</summary>
    public TimeSpan FlushCost { get; init; }

    /// <summary>Whether it keeps the rate of every response; otherwise small writes pass at any rate.</summary>
    public bool KeepsRate { get; init; } = true;

    /// <summary>How far the achieved rate may deviate from the configured one, as a fraction.</summary>
    public required double Tolerance { get; init; }
}
