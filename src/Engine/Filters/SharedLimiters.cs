using DaemonProxy.Fleet;
using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>
/// The limiters of a shared limit: one per client, one per route, or one for all, created when the first response asks for it. A limiter is
/// removed when no response has a share of it, everything sent through it is paid for, and its burst is full again. There are never more
/// than <see cref="Most"/>: if that many clients are present at once, all further ones share a single limiter, so that a flood of addresses
/// gains neither memory nor speed.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="load">The count of paced responses.</param>
/// <param name="fleet">The fleet that shares the limit, whose server gives each limiter its rate; null: none.</param>
internal sealed class SharedLimiters(TimeProvider time, PacingLoad load, FleetLimit? fleet = null) : IDisposable
{
    /// <summary>The maximum number of limiters; each takes some 250 bytes.</summary>
    public int Most { get; init; } = 65_536;

    private static readonly TimeSpan Sweeping = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<RateLimitKey, ByteRateLimiter> _limiters = [];
    private readonly Dictionary<ByteRateLimiter, FleetShare> _shares = [];
    private ByteRateLimiter? _overflow;
    private ITimer? _timer;
    private long _swept;
    private bool _disposed;

    /// <summary>The current number of limiters.</summary>
    public int Count
    {
        get { lock (_gate) return _limiters.Count; }
    }

    /// <summary>The number of responses waiting for their turn.</summary>
    public int Waiting
    {
        get { lock (_gate) return _limiters.Values.Sum(limiter => limiter.Waiting) + (_overflow?.Waiting ?? 0); }
    }

    /// <summary>Gives a response a share of the limiter for a key.</summary>
    public TokenBucketPacer Share(in RateLimitKey key, long rate, long burst = 0)
    {
        lock (_gate)
        {
            if (_limiters.TryGetValue(key, out var limiter)) return new(limiter);
            // Not on every call: searching all limiters for a free place each time would play into the hands of a flood.
            if (_limiters.Count >= Most && time.GetElapsedTime(_swept) >= Idle) Sweep();
            limiter = _limiters.Count < Most
                ? _limiters[key] = Create(fleet?.KeyOf(key) ?? "", rate, burst)
                : _overflow ??= Create(fleet?.OverflowKey ?? "", rate, burst);
            if (_timer is null && !_disposed)
                _timer = time.CreateTimer(static table => ((SharedLimiters)table!).OnTimer(), this, Sweeping, Sweeping);
            return new(limiter);
        }
    }

    /// <summary>The shares of a fleet's limit; empty for one that is not shared.</summary>
    public FleetShare[] Shares()
    {
        lock (_gate) return [.. _shares.Values];
    }

    private ByteRateLimiter Create(string key, long rate, long burst)
    {
        if (fleet is null) return new(rate, time, load, burst);
        var share = fleet.Member.Join(key, rate, time, load);
        _shares.Add(share.Limiter, share);
        return share.Limiter;
    }

    private void End(ByteRateLimiter limiter)
    {
        if (_shares.Remove(limiter, out var share)) share.Dispose();
        else limiter.Dispose();
    }

    /// <summary>Changes the rate and burst of all limiters. This does not wake waiting responses.</summary>
    public void Set(long rate, long burst)
    {
        lock (_gate)
        {
            foreach (var share in _shares.Values) share.Rate = rate;
            if (fleet is not null) return;
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
            End(limiter);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer?.Dispose();
            // Responses may still be under way, at the share that they have.
            foreach (var share in _shares.Values) share.Dispose();
            _shares.Clear();
        }
    }
}
