using System.Threading.RateLimiting;

namespace DaemonProxy.Pacing;

/// <content>
/// The contract of <see cref="RateLimiter"/>, for callers that are not responses; a permit is a byte. Granted permits have to be paid for
/// before anything else is granted. So up to one write's worth is granted in advance, as it is for each write of a response.
/// </content>
public sealed partial class ByteRateLimiter
{
    // Waiting acquisitions, which fail when the limiter is disposed.
    private readonly HashSet<TokenBucketPacer> _acquiring = [];
    private long _refused;

    /// <summary>
    /// The most permits, in bytes, that one acquisition can get: the burst or, if larger, 20 ms' worth, but at least one of the smallest
    /// writes.
    /// </summary>
    public long PermitLimit => Math.Max((long)_burst, OneWrite());

    /// <inheritdoc/>
    /// <remarks>Null while a response has a share of the limiter, and while sent bytes are not paid for.</remarks>
    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (_gate)
            {
                // A newly created limiter has a full bucket.
                var full = Math.Max(_started ? _due + _burst / _rate : 0, _lastUse);
                return _shares > 0 || full > Now() ? null : TimeSpan.FromSeconds(Now() - full);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Permits, including queued ones, are bytes; each write of a response counts as a lease.</remarks>
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
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="PermitLimit"/> permits can never be granted.</exception>
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
    /// <remarks>Waits in the same queue as the responses, like one of them, without a limit on the number of waiters. A cancelled
    /// acquisition takes nothing.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="PermitLimit"/> permits can never be granted.</exception>
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
                // An acquisition that was queued while the limiter was being disposed would wait forever.
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
    /// The bytes that an acquisition would get at once: none while others wait, or before granted bytes have been paid for.
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
    /// Counts an acquisition as one lease, however many writes it took to grant it; a failed acquisition gives back what it had taken.
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
