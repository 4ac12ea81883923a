namespace DaemonProxy.Statistics;

/// <summary>
/// How applications have written their responses since the front end started, as seen by the relay. All lists are in ascending order and
/// leave out empty buckets.
/// </summary>
public sealed record WritingStatus
{
    /// <summary>The counts before the first response.</summary>
    public static WritingStatus None { get; } = new();

    /// <summary>Dry spells in the middle of a transfer, by duration.</summary>
    public IReadOnlyList<DurationBucket> Stalls { get; init; } = [];

    /// <summary>Dry spells of an idle stream, by duration.</summary>
    public IReadOnlyList<DurationBucket> Pauses { get; init; } = [];

    /// <summary>Flushes in the middle of a response, by how long the oldest of the flushed bytes had been held.</summary>
    public IReadOnlyList<DurationBucket> Holds { get; init; } = [];

    /// <summary>
    /// The stalls, by the bytes that came since the dry spell before. Those whose bytes came while the relay waited for its output are in
    /// <see cref="BytesGathered"/>.
    /// </summary>
    public IReadOnlyList<SizeBucket> BytesBeforeStalls { get; init; } = [];

    /// <summary>The pauses, by the bytes that came since the dry spell before.</summary>
    public IReadOnlyList<SizeBucket> BytesBeforePauses { get; init; } = [];

    /// <summary>
    /// The stalls and pauses before which the relay waited for its output, such as for a rate limit, by the bytes that came since the dry
    /// spell before: not written at once.
    /// </summary>
    public IReadOnlyList<SizeBucket> BytesGathered { get; init; } = [];

    /// <summary>The bytes of <see cref="BytesGathered"/> before stalls.</summary>
    public long GatheredBeforeStalls { get; init; }

    /// <summary>The bytes of <see cref="BytesGathered"/> before pauses.</summary>
    public long GatheredBeforePauses { get; init; }

    /// <summary>Of all bytes gathered, those where they were too few for the application to have had to wait for room in its socket.</summary>
    public long FreelyGathered { get; init; }

    /// <summary>How long <see cref="FreelyGathered"/> were coming.</summary>
    public TimeSpan FreelyGatheredTime { get; init; }

    /// <summary>The duration of all <see cref="Stalls"/> together.</summary>
    public TimeSpan StallTime { get; init; }

    /// <summary>The duration of all <see cref="Pauses"/> together.</summary>
    public TimeSpan PauseTime { get; init; }

    /// <summary>The bytes before all stalls together: those of <see cref="BytesBeforeStalls"/>.</summary>
    public long StallBytes { get; init; }

    /// <summary>The bytes before all pauses together: those of <see cref="BytesBeforePauses"/>.</summary>
    public long PauseBytes { get; init; }

    /// <summary>Responses whose body came without a dry spell.</summary>
    public long Undivided { get; init; }

    /// <summary>The dry spells of either kind.</summary>
    internal long Spells => Stalls.Sum(bucket => bucket.Count) + Pauses.Sum(bucket => bucket.Count);

    /// <summary>
    /// What has been counted since an earlier status of the same target. If a count has shrunk, the front end has been started again
    /// meanwhile, and everything has been counted since.
    /// </summary>
    /// <param name="earlier">The earlier status.</param>
    public WritingStatus Since(WritingStatus earlier) => HasGrownFrom(earlier) ? Difference(earlier) : this;

    private bool HasGrownFrom(WritingStatus earlier) =>
        HasGrown(Counts(Stalls), Counts(earlier.Stalls)) && HasGrown(Counts(Pauses), Counts(earlier.Pauses))
        && HasGrown(Counts(Holds), Counts(earlier.Holds)) && HasGrown(Counts(BytesBeforeStalls), Counts(earlier.BytesBeforeStalls))
        && HasGrown(Counts(BytesBeforePauses), Counts(earlier.BytesBeforePauses))
        && HasGrown(Counts(BytesGathered), Counts(earlier.BytesGathered)) && StallTime >= earlier.StallTime && PauseTime >= earlier.PauseTime
        && Undivided >= earlier.Undivided;

    private WritingStatus Difference(WritingStatus earlier) => new()
    {
        Stalls = Since(Stalls, earlier.Stalls),
        Pauses = Since(Pauses, earlier.Pauses),
        Holds = Since(Holds, earlier.Holds),
        BytesBeforeStalls = Since(BytesBeforeStalls, earlier.BytesBeforeStalls),
        BytesBeforePauses = Since(BytesBeforePauses, earlier.BytesBeforePauses),
        BytesGathered = Since(BytesGathered, earlier.BytesGathered),
        GatheredBeforeStalls = GatheredBeforeStalls - earlier.GatheredBeforeStalls,
        GatheredBeforePauses = GatheredBeforePauses - earlier.GatheredBeforePauses,
        FreelyGathered = FreelyGathered - earlier.FreelyGathered,
        FreelyGatheredTime = FreelyGatheredTime - earlier.FreelyGatheredTime,
        StallTime = StallTime - earlier.StallTime,
        PauseTime = PauseTime - earlier.PauseTime,
        StallBytes = StallBytes - earlier.StallBytes,
        PauseBytes = PauseBytes - earlier.PauseBytes,
        Undivided = Undivided - earlier.Undivided,
    };

    private static bool HasGrown<TBound>(Dictionary<TBound, long> now, Dictionary<TBound, long> earlier)
        where TBound : notnull => earlier.All(bucket => bucket.Value <= now.GetValueOrDefault(bucket.Key));

    private static Dictionary<TimeSpan, long> Counts(IReadOnlyList<DurationBucket> buckets) =>
        buckets.ToDictionary(bucket => bucket.UpTo, bucket => bucket.Count);

    private static Dictionary<long, long> Counts(IReadOnlyList<SizeBucket> buckets) =>
        buckets.ToDictionary(bucket => bucket.UpTo, bucket => bucket.Count);

    private static DurationBucket[] Since(IReadOnlyList<DurationBucket> now, IReadOnlyList<DurationBucket> earlier)
    {
        var before = Counts(earlier);
        return [.. now.Select(bucket => bucket with { Count = bucket.Count - before.GetValueOrDefault(bucket.UpTo) })
            .Where(bucket => bucket.Count > 0)];
    }

    private static SizeBucket[] Since(IReadOnlyList<SizeBucket> now, IReadOnlyList<SizeBucket> earlier)
    {
        var before = Counts(earlier);
        return [.. now.Select(bucket => bucket with { Count = bucket.Count - before.GetValueOrDefault(bucket.UpTo) })
            .Where(bucket => bucket.Count > 0)];
    }
}

/// <summary>A count of times.</summary>
/// <param name="UpTo">The longest time counted; at most 19% more than the bound of the bucket below. <see cref="TimeSpan.MaxValue"/>: no
/// bound.</param>
/// <param name="Count">How many there were.</param>
public sealed record DurationBucket(TimeSpan UpTo, long Count)
{
    private static readonly double Step = Math.Pow(2, -1.0 / WritingCounter.TimesPerOctave);

    /// <summary><see cref="UpTo"/>; 60 s for the bucket without a bound.</summary>
    internal TimeSpan Bound => UpTo == TimeSpan.MaxValue ? WritingCounter.LongestSpell : UpTo;

    /// <summary>The bound of the bucket below; zero for the first.</summary>
    internal TimeSpan LowerBound => UpTo == TimeSpan.MaxValue ? Bound : UpTo <= WritingCounter.ShortestSpell ? TimeSpan.Zero : UpTo * Step;
}

/// <summary>A count of sizes.</summary>
/// <param name="UpTo">The largest size counted, bytes; at most 41% more than the bound of the bucket below.</param>
/// <param name="Count">How many there were.</param>
public sealed record SizeBucket(long UpTo, long Count)
{
    private const long LargestBurst = 128 << 20;

    private static readonly double Step = Math.Pow(2, -1.0 / WritingCounter.SizesPerOctave);

    /// <summary><see cref="UpTo"/>; 128 MiB for the bucket without a bound.</summary>
    internal long Bound => Math.Min(UpTo, LargestBurst);

    /// <summary>The bound of the bucket below; 1 for the first.</summary>
    internal double LowerBound => UpTo <= WritingCounter.SmallestSize ? 1 : Bound * Step;
}
