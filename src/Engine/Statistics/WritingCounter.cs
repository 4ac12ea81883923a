namespace DaemonProxy.Statistics;

/// <summary>
/// Counts how applications write, from any number of threads: how long their dry spells last, how much comes before each, and how long
/// output is held for its flush. Counted once per dry spell or flush, never for each block.
/// </summary>
public sealed class WritingCounter
{
    /// <summary>The bound of the first bucket of times: 50 us, about the shortest wait that a timer can tell from none.</summary>
    public static readonly TimeSpan ShortestSpell = TimeSpan.FromMicroseconds(50);

    /// <summary>The bound of the last bucket of times that has one: 60 s, the default of socket-timeout.</summary>
    public static readonly TimeSpan LongestSpell = TimeSpan.FromSeconds(60);

    /// <summary>The bounds of times in an octave: a time read from them is at most 9% off.</summary>
    public const int TimesPerOctave = 4;

    /// <summary>The bound of the first bucket of sizes, bytes.</summary>
    public const int SmallestSize = 16;

    /// <summary>The bounds of sizes in an octave.</summary>
    public const int SizesPerOctave = 2;

    /// <summary>What a Unix socket takes before its writer has to wait (net.core.wmem_default), bytes.</summary>
    public const int SocketCapacity = 212_992;

    private static readonly LogScale Times = new(ShortestSpell.Ticks, LongestSpell.Ticks, TimesPerOctave);
    private static readonly LogScale Sizes = new(SmallestSize, last: 64 << 20, SizesPerOctave);

    /// <summary>Every fourth bound of the times, in seconds: fine enough for a chart.</summary>
    public static double[] Octaves { get; } =
        [.. Times.Bounds.Where((_, i) => i % TimesPerOctave == 0).Select(bound => TimeSpan.FromTicks(bound).TotalSeconds)];

    private readonly LogHistogram _stalls = new(Times);
    private readonly LogHistogram _pauses = new(Times);
    private readonly LogHistogram _holds = new(Times);
    private readonly LogHistogram _bytesBeforeStalls = new(Sizes);
    private readonly LogHistogram _bytesBeforePauses = new(Sizes);
    private readonly LogHistogram _bytesGathered = new(Sizes);
    private long _gatheredBeforeStalls;
    private long _gatheredBeforePauses;
    private long _freelyGathered;
    private long _freelyGatheredTicks;
    private long _undivided;

    /// <summary>Counts a dry spell.</summary>
    public void Count(in DrySpell spell)
    {
        var isStall = spell.Kind == DrySpellKind.Stall;
        (isStall ? _stalls : _pauses).Count(spell.Duration.Ticks);
        if (spell.Gathering == TimeSpan.Zero)
        {
            (isStall ? _bytesBeforeStalls : _bytesBeforePauses).Count(spell.BytesBefore);
            return;
        }
        _bytesGathered.Count(spell.BytesBefore);
        Interlocked.Add(ref isStall ? ref _gatheredBeforeStalls : ref _gatheredBeforePauses, spell.BytesBefore);
        if (spell.BytesBefore >= SocketCapacity) return;
        Interlocked.Add(ref _freelyGathered, spell.BytesBefore);
        Interlocked.Add(ref _freelyGatheredTicks, spell.Gathering.Ticks);
    }

    /// <summary>Counts a flush of output that had been held for this long.</summary>
    public void CountHold(TimeSpan held) => _holds.Count(held.Ticks);

    /// <summary>Counts a response whose body came without a dry spell.</summary>
    public void CountUndivided() => Interlocked.Increment(ref _undivided);

    /// <summary>The counts so far.</summary>
    public WritingStatus Status() => new()
    {
        Stalls = Durations(_stalls),
        Pauses = Durations(_pauses),
        Holds = Durations(_holds),
        BytesBeforeStalls = Bytes(_bytesBeforeStalls),
        BytesBeforePauses = Bytes(_bytesBeforePauses),
        StallTime = TimeSpan.FromTicks(_stalls.Sum),
        PauseTime = TimeSpan.FromTicks(_pauses.Sum),
        StallBytes = _bytesBeforeStalls.Sum,
        PauseBytes = _bytesBeforePauses.Sum,
        BytesGathered = Bytes(_bytesGathered),
        GatheredBeforeStalls = Interlocked.Read(ref _gatheredBeforeStalls),
        GatheredBeforePauses = Interlocked.Read(ref _gatheredBeforePauses),
        FreelyGathered = Interlocked.Read(ref _freelyGathered),
        FreelyGatheredTime = TimeSpan.FromTicks(Interlocked.Read(ref _freelyGatheredTicks)),
        Undivided = Interlocked.Read(ref _undivided),
    };

    private static DurationBucket[] Durations(LogHistogram histogram) =>
        [.. histogram.Buckets().Select(bucket => new DurationBucket(
            bucket.Bound == long.MaxValue ? TimeSpan.MaxValue : TimeSpan.FromTicks(bucket.Bound), bucket.Count))];

    private static SizeBucket[] Bytes(LogHistogram histogram) =>
        [.. histogram.Buckets().Select(bucket => new SizeBucket(bucket.Bound, bucket.Count))];
}
