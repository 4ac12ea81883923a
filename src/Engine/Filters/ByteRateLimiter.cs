using System.Threading.RateLimiting;
using DaemonProxy.Timing;

namespace DaemonProxy.Filters;

/// <summary>
/// A token bucket whose permits are bytes, as a <see cref="RateLimiter"/>, so that limiters can be shared and chained. Unlike the package's own it
/// goes by a <see cref="TimeProvider"/>, and by deadlines: each acquisition has a time at which it falls due, the next falls due where
/// that one's bytes are paid for, and a wait that ended late is made up for. So neither lateness nor rounding adds up, at any rate.
/// </summary>
public sealed class ByteRateLimiter : RateLimiter
{
    // What an application that paused may catch up on: as much as one write, so that a window of a second never sees more than 2% too much.
    private static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(20);

    // What our own late waking may be made up for; a machine that slept for an hour does not send an hour's worth.
    private static readonly TimeSpan MostLateness = TimeSpan.FromMilliseconds(200);

    private static readonly RateLimitLease Granted = new Lease(true);
    private static readonly RateLimitLease Refused = new Lease(false);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly double _rate;
    private readonly long _origin;
    private readonly TimedWait _wait;
    private double _due;
    private double _late;
    private double _lastUse;
    private bool _waitInUse;
    private bool _started;
    private long _granted;
    private int _waiting;

    /// <summary>Makes a limiter.</summary>
    /// <param name="rate">Bytes a second, &gt; 0.</param>
    /// <param name="initialBurst">Bytes that may leave at once at the start, &gt;= 0; they count only when sent.</param>
    /// <param name="time">The clock.</param>
    public ByteRateLimiter(long rate, long initialBurst, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        ArgumentOutOfRangeException.ThrowIfNegative(initialBurst);
        _time = time;
        _rate = rate;
        _origin = time.GetTimestamp();
        _wait = new TimedWait(time);
        _late = initialBurst / _rate;
    }

    /// <inheritdoc/>
    public override TimeSpan? IdleDuration => _waiting > 0 ? null : TimeSpan.FromSeconds(Now() - _lastUse);

    /// <inheritdoc/>
    public override RateLimiterStatistics GetStatistics()
    {
        lock (_gate)
        {
            return new()
            {
                CurrentAvailablePermits = (long)Math.Max(0, (Now() - _due) * _rate),
                CurrentQueuedCount = _waiting,
                TotalSuccessfulLeases = _granted,
            };
        }
    }

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_gate)
        {
            var now = Now();
            Forfeit(now);
            if (_due > now) return Refused;
            Pay(permitCount, now);
            return Granted;
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        double due, now;
        lock (_gate)
        {
            now = Now();
            Forfeit(now);
            due = _due;
            Pay(permitCount, now);
            if (due <= now) return new(Granted);
            _waiting++;
        }
        return AwaitAsync(due, now, cancellationToken);
    }

    private async ValueTask<RateLimitLease> AwaitAsync(double due, double now, CancellationToken cancellationToken)
    {
        // The first waiter takes the limiter's own wait; only a limiter shared by several needs more.
        var own = !Interlocked.Exchange(ref _waitInUse, true);
        var wait = own ? _wait : new TimedWait(_time);
        try
        {
            await wait.WaitAsync(TimeSpan.FromSeconds(due - now), cancellationToken).ConfigureAwait(false);
            lock (_gate) _late = Math.Min(Math.Max(_late, Now() - due), Math.Max(_late, MostLateness.TotalSeconds));
            return Granted;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            if (own) Volatile.Write(ref _waitInUse, false);
            else wait.Dispose();
        }
    }

    /// <summary>Gives up the time in which nothing was asked for, but for the credit, own lateness and what is left of the burst.</summary>
    private void Forfeit(double now)
    {
        if (!_started)
        {
            _started = true;
            _due = now - _late;
        }
        else _due = Math.Max(_due, now - _late - Credit.TotalSeconds);
    }

    private void Pay(int bytes, double now)
    {
        _due += bytes / _rate;
        _late = Math.Min(_late, Math.Max(0, now - _due));
        _lastUse = now;
        _granted++;
    }

    private double Now() => _time.GetElapsedTime(_origin).TotalSeconds;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _wait.Dispose();
    }

    private sealed class Lease(bool acquired) : RateLimitLease
    {
        public override bool IsAcquired => acquired;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }
}
