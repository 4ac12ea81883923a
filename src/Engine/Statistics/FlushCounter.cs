namespace DaemonProxy.Statistics;

/// <summary>Why the relay flushed.</summary>
public enum FlushReason
{
    /// <summary>The application stayed silent for the flush delay.</summary>
    Idle,

    /// <summary>Bytes had waited for the flush deadline.</summary>
    Deadline,

    /// <summary>The chain held more than the buffer size.</summary>
    Guard,

    /// <summary>The response ended.</summary>
    End,
}

/// <summary>Counts flushes by reason, for any number of responses at once.</summary>
public sealed class FlushCounter
{
    private readonly long[] _counts = new long[4];

    /// <summary>Counts one flush.</summary>
    public void Count(FlushReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>The number of flushes for a reason.</summary>
    public long this[FlushReason reason] => Interlocked.Read(ref _counts[(int)reason]);
}
