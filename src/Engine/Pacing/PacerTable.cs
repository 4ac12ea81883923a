namespace DaemonProxy.Pacing;

/// <summary>The kinds of pacers that can keep a rate.</summary>
public enum PacerKind
{
    /// <summary>Counts bytes against a deadline; the default.</summary>
    TokenBucket,

    /// <summary>Apache's mod_ratelimit to the letter: one chunk every 200 ms (behaviour.md, section 2).</summary>
    Interval,

    /// <summary>
    /// mod_ratelimit as it was before Apache 2.4.34: it sleeps only between the chunks of one call (behaviour.md, section 2, last point).
    /// </summary>
    Interval2433,
}

/// <summary>The table of all pacers, one row each. The first is the default.</summary>
public static class PacerTable
{
    /// <summary>The rows, in the order of <see cref="PacerKind"/>.</summary>
    public static IReadOnlyList<PacerDefinition> All { get; } =
    [
        new(PacerKind.TokenBucket, "token-bucket", "counts bytes against a deadline, and is the only one for a shared limit",
            (rate, time, load) => new TokenBucketPacer(new ByteRateLimiter(rate, time, load), ownsLimiter: true))
        {
            CanBeShared = true,
            CanPaceUploads = true,
            Tolerance = 0.01,
        },
        // Both sleep for a fixed time and lose the time spent elsewhere (behaviour.md, section 2); hence the tolerance.
        new(PacerKind.Interval, "interval", "is Apache's mod_ratelimit to the letter", (rate, time, _) => new IntervalPacer(rate, time))
        {
            CountsWrites = true,
            HoldsForFullWrites = true,
            FlushCost = IntervalPacer.Interval,
            Tolerance = 0.02,
        },
        new(PacerKind.Interval2433, "interval-2.4.33", "is it before Apache 2.4.34",
            (rate, time, _) => new IntervalPacer(rate, time, before2434: true))
        {
            CountsWrites = true,
            KeepsRate = false,
            Tolerance = 0.02,
        },
    ];

    /// <summary>The pacer of a limit for which none is configured.</summary>
    public static PacerDefinition Default => All[0];

    /// <summary>The names of the pacers that can keep a shared rate, for messages.</summary>
    public static string Shareable => string.Join(" or ", All.Where(pacer => pacer.CanBeShared).Select(pacer => pacer.Name));

    /// <summary>The names of the pacers that can pace uploads, for messages.</summary>
    public static string ForUploads => string.Join(" or ", All.Where(pacer => pacer.CanPaceUploads).Select(pacer => pacer.Name));

    /// <summary>
    /// Returns the row of a pacer, by the name of its <see cref="PacerKind"/>: the form in which statuses and results name it.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such pacer.</exception>
    public static PacerDefinition Get(string kind) => Get(Enum.Parse<PacerKind>(kind));

    /// <summary>Returns the row of a pacer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pacer.</exception>
    public static PacerDefinition Get(PacerKind kind) =>
        (int)kind >= 0 && (int)kind < All.Count
            ? All[(int)kind] : throw new ArgumentOutOfRangeException(nameof(kind), kind, "there is no such pacer");
}
