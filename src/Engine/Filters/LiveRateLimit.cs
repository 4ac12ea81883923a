using DaemonProxy.Configuration;

namespace DaemonProxy.Filters;

/// <summary>A rate limit.</summary>
/// <param name="Rate">Bytes a second; 0: no limit.</param>
/// <param name="InitialBurst">Bytes that leave unpaced at the start of a response.</param>
/// <param name="Pacer">What keeps the rate.</param>
public sealed record RateLimit(long Rate, long InitialBurst, PacerKind Pacer)
{
    /// <summary>The pacer of one response; null where there is no limit.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="atStart">Whether the response has not begun yet: only then it has a burst.</param>
    public IPacer? NewPacer(TimeProvider time, bool atStart)
    {
        if (Rate == 0) return null;
        var burst = atStart ? InitialBurst : 0;
        return Pacer == PacerKind.TokenBucket ? new TokenBucketPacer(new ByteRateLimiter(Rate, burst, time), Rate)
            : new IntervalPacer(Rate, burst, time, before2434: Pacer == PacerKind.Interval2433);
    }
}

/// <summary>The rate limit of a route, which can be changed while responses are in flight: they go on by the new one, and one that is waiting for its turn is woken.</summary>
/// <param name="limit">The limit at first.</param>
public sealed class LiveRateLimit(RateLimit limit)
{
    private volatile State _state = new(limit);

    /// <summary>The limit in force, and a token that is cancelled when it no longer is.</summary>
    internal State Current => _state;

    /// <summary>The limit in force.</summary>
    public RateLimit Limit
    {
        get => _state.Limit;
        set
        {
            var previous = Interlocked.Exchange(ref _state, new(value));
            previous.End();
        }
    }

    internal sealed class State(RateLimit limit)
    {
        // Not disposed: responses look at its token for as long as they like, and it holds no timer.
        private readonly CancellationTokenSource _ended = new();

        public RateLimit Limit => limit;

        public CancellationToken Ended => _ended.Token;

        /// <summary>Wakes those that wait by this limit. On another thread, for they go on at once.</summary>
        public void End() => _ = _ended.CancelAsync();
    }
}
