using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>
/// The limiters of a limit that is shared: one for each client, or each route, or all, made when the first response asks for it. One is
/// removed when no response has a share of it, all that was sent by it is paid for, and its burst is whole again. There are never more than
/// <see cref="Most"/>: should that many clients be there at once, those that come then share one limiter with each other, so that a flood
/// of addresses gets neither memory nor speed.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="load">Where their responses are counted.</param>
internal sealed class SharedLimiters(TimeProvider time, PacingLoad load) : IDisposable
{
    /// <summary>The most limiters; some 250 bytes each.</summary>
    public int Most { get; init; } = 65_536;

    private static readonly TimeSpan Sweeping = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<RateLimitKey, ByteRateLimiter> _limiters = [];
    private ByteRateLimiter? _overflow;
    private ITimer? _timer;
    private long _swept;
    private bool _disposed;

    /// <summary>How many there are now.</summary>
    public int Count
    {
        get { lock (_gate) return _limiters.Count; }
    }

    /// <summary>How many responses wait for their turn.</summary>
    public int Waiting
    {
        get { lock (_gate) return _limiters.Values.Sum(limiter => limiter.Waiting) + (_overflow?.Waiting ?? 0); }
    }

    /// <summary>A response's share of the limiter of a key.</summary>
    public TokenBucketPacer Share(in RateLimitKey key, long rate, long burst = 0)
    {
        lock (_gate)
        {
            if (_limiters.TryGetValue(key, out var limiter)) return new(limiter);
            // Not at each: looking through all of them for a place would be what a flood wants.
            if (_limiters.Count >= Most && time.GetElapsedTime(_swept) >= Idle) Sweep();
            limiter = _limiters.Count < Most
                ? _limiters[key] = new ByteRateLimiter(rate, time, load, burst)
                : _overflow ??= new ByteRateLimiter(rate, time, load, burst);
            if (_timer is null && !_disposed)
                _timer = time.CreateTimer(static table => ((SharedLimiters)table!).OnTimer(), this, Sweeping, Sweeping);
            return new(limiter);
        }
    }

    /// <summary>Changes all their rates and bursts. Whoever waits is not woken by it.</summary>
    public void Set(long rate, long burst)
    {
        lock (_gate)
        {
            foreach (var limiter in _overflow is null ? _limiters.Values : _limiters.Values.Append(_overflow))
                (limiter.Rate, limiter.Burst) = (rate, burst);
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            Sweep();
            if (_limiters.Count > 0) return;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Sweep()
    {
        _swept = time.GetTimestamp();
        foreach (var (key, limiter) in _limiters)
        {
            if (limiter.IdleDuration is not { } idle || idle < Idle) continue;
            _limiters.Remove(key);
            limiter.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }
}
