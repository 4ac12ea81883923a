namespace DaemonProxy.Configuration;

/// <summary>When the relay flushes (behaviour.md, section 1). An immutable snapshot: a live change replaces it as a whole.</summary>
/// <param name="FlushDelay"><c>response-flush-delay</c>: wait this long for more before a flush; 0 flushes on any dry read.
/// <see cref="Auto"/>: each response adapts it to how its application writes.</param>
/// <param name="BufferSize"><c>response-buffer-size</c>, bytes: the runaway guard; &gt;= <see cref="SmallestBufferSize"/>.</param>
/// <param name="FlushDeadline"><c>response-flush-deadline</c>: the longest a byte waits while the application trickles; 0: no
/// deadline.</param>
public sealed record FlushPolicy(TimeSpan FlushDelay, long BufferSize, TimeSpan FlushDeadline)
{
    /// <summary>The smallest <c>response-buffer-size</c> that the original accepts: 65,536 bytes.</summary>
    public const long SmallestBufferSize = 65_536;

    /// <summary>The flush delay that stands for <c>auto</c>.</summary>
    public static readonly TimeSpan Auto = Timeout.InfiniteTimeSpan;

    /// <summary>The longest delay or deadline accepted: one hour, far beyond any use and within every timer's range.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromHours(1);

    /// <summary>The default: delay 5 ms, buffer 8 MiB, deadline 50 ms.</summary>
    public static FlushPolicy Default { get; } = new(TimeSpan.FromMilliseconds(5), 8L << 20, TimeSpan.FromMilliseconds(50));

    /// <summary>What the original did before 6.0.2: flush on any dry read, and after every 64 KiB.</summary>
    public static FlushPolicy Before602 { get; } = new(TimeSpan.Zero, SmallestBufferSize, TimeSpan.Zero);

    /// <summary>Whether each response adapts its flush delay.</summary>
    public bool AdaptsDelay => FlushDelay == Auto;

    /// <summary>
    /// Whether the guard counts the bytes passed on since the last flush, as the original does, rather than the bytes held. True only for
    /// <see cref="Before602"/>, which exists for comparison.
    /// </summary>
    public bool CountsPassed => BufferSize == SmallestBufferSize && this == Before602;
}

/// <summary>Holds the policy in force; responses read it before each read. One writer at a time, any number of readers.</summary>
public sealed class LiveFlushPolicy(FlushPolicy policy)
{
    private volatile FlushPolicy _current = policy;

    /// <summary>The policy in force; setting it takes effect at every response's next read.</summary>
    public FlushPolicy Current
    {
        get => _current;
        set => _current = value;
    }
}
