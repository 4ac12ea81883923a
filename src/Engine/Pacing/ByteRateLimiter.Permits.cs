using System.Threading.RateLimiting;

namespace DaemonProxy.Pacing;

/// <content>
/// The contract of <see cref="RateLimiter"/>, for those who are no response: a permit is a byte. What has been granted has to be paid for
/// before anything else is, so that up to a write's worth may be had in advance, as each write of a response is.
/// </content>
public sealed partial class ByteRateLimiter
{
    // Acquisitions that wait: at the limiter's end they have failed.
    private readonly HashSet<TokenBucketPacer> _acquiring = [];
    private long _refused;

    /// <summary>
    /// The most permits that one acquisition can get, bytes: the burst, or where that is more, 20 ms' worth and at least one of the
    /// smallest writes.
    /// </summary>
    public long PermitLimit => Math.Max((long)_burst, OneWrite());

    /// <inheritdoc/>
    /// <remarks>Null while a response has a share of it, and while what was sent is not paid for.</remarks>
    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (_gate)
            {
                // One that is made anew has a full bucket.
                var full = Math.Max(_started ? _due + _burst / _rate : 0, _lastUse);
                return _shares > 0 || full > Now() ? null : TimeSpan.FromSeconds(Now() - full);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Permits are bytes, those that are queued as well; each write of a response counts as a lease.</remarks>
    public override RateLimiterStatistics GetStatistics()
    {
        lock (_gate)
        {
            return new()
            {
                CurrentAvailablePermits = Available(),
                CurrentQueuedCount = _queued,
                TotalSuccessfulLeases = _granted,
                TotalFailedLeases = _refused,
            };
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="PermitLimit"/> can never be had.</exception>
    /// <exception cref="ObjectDisposedException">The limiter is disposed.</exception>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        using var share = new TokenBucketPacer(this);
        lock (_gate)
        {
            ThrowUnlessPossible(permitCount);
            if (TryAcquire(share, permitCount)) return ByteLease.Granted;
            _refused++;
            return ByteLease.Refused;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Waits in one queue with the responses, as one of them, and with no limit on their number. An acquisition that is cancelled
    /// has taken nothing.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="PermitLimit"/> can never be had.</exception>
    /// <exception cref="ObjectDisposedException">The limiter is disposed.</exception>
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        using var share = new TokenBucketPacer(this);
        lock (_gate)
        {
            ThrowUnlessPossible(permitCount);
            if (TryAcquire(share, permitCount)) return ByteLease.Granted;
            _acquiring.Add(share);
        }
        var (taken, writes) = (0, 0);
        var isAcquired = false;
        try
        {
            do
            {
                var write = (int)Math.Min(permitCount - taken, OneWrite());
                var turn = share.PaceAsync(write, cancellationToken);
                // One that came into the queue when the limiter ended would wait there for ever.
                if (IsDisposed && Withdraw(share)) share.Complete(granted: false);
                isAcquired = await turn.ConfigureAwait(false);
                if (!isAcquired) return ByteLease.Refused;
                taken += write;
                writes++;
                isAcquired = taken == permitCount;
            }
            while (!isAcquired);
            return ByteLease.Granted;
        }
        finally
        {
            Conclude(share, isAcquired, taken, writes);
        }
    }

    private bool IsDisposed
    {
        get { lock (_gate) return _disposed; }
    }

    private long OneWrite() => Math.Max((long)(_rate * Credit.TotalSeconds), _load.SmallestWrite);

    /// <summary>
    /// What an acquisition would get at once, bytes: nothing before those who wait, or before what was granted has been paid for.
    /// </summary>
    private long Available() => _waiting.Count > 0 || (_started && _due > Now() + Tick) ? 0 : Math.Max(Saved(), OneWrite());

    private bool TryAcquire(TokenBucketPacer share, int permits)
    {
        var available = Available();
        return available > 0 && permits <= available && TryGrant(share, permits);
    }

    private void ThrowUnlessPossible(int permits)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (permits > PermitLimit)
            throw new ArgumentOutOfRangeException(
                nameof(permits), permits, $"{permits} permits can never be had at once: the limiter has at most {PermitLimit}");
    }

    /// <summary>
    /// One acquisition is one lease, however many writes it took to grant it; one that has failed gives back what it had.
    /// </summary>
    private void Conclude(TokenBucketPacer share, bool isAcquired, int taken, int writes)
    {
        lock (_gate)
        {
            _acquiring.Remove(share);
            _granted -= isAcquired ? writes - 1 : writes;
            if (isAcquired) return;
            _refused++;
            _due -= taken / _rate;
            if (_armed) Arm();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        TokenBucketPacer[] acquiring;
        lock (_gate)
        {
            _disposed = true;
            _timer?.Dispose();
            acquiring = [.. _acquiring];
        }
        foreach (var share in acquiring)
        {
            if (Withdraw(share)) share.Complete(granted: false);
        }
    }

    /// <inheritdoc/>
    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(true);
        return ValueTask.CompletedTask;
    }
}
