using System.Threading.Tasks.Sources;
using DaemonProxy.Timing;

namespace DaemonProxy.Pacing;

/// <summary>
/// The default pacer: many small writes, each sent when its bytes are due. It counts bytes, not writes, so a flush costs nothing; it holds
/// nothing back, and it blocks no thread while it waits. It is a response's share of a limiter, which belongs to this response alone or is
/// shared with others. It is its own awaitable, so that a write allocates nothing.
/// </summary>
public sealed class TokenBucketPacer : HeapItem, IPacer, IValueTaskSource<bool>
{
    private readonly ByteRateLimiter _limiter;
    private readonly bool _ownsLimiter;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private volatile bool _woken;

    /// <summary>Takes a share of a limiter.</summary>
    /// <param name="limiter">The limiter that every byte goes through.</param>
    /// <param name="ownsLimiter">Whether the limiter belongs to this response alone and ends with it.</param>
    public TokenBucketPacer(ByteRateLimiter limiter, bool ownsLimiter = false)
    {
        _limiter = limiter;
        _ownsLimiter = ownsLimiter;
        limiter.Enter(this);
    }

    /// <summary>Where this response's last write ended, in the limiter's count of bytes.</summary>
    internal long Finish { get; set; }

    /// <summary>The number of bytes it waits to send.</summary>
    internal int Bytes { get; set; }

    /// <summary>For a limiter whose demand is metered: when its part of the period began, seconds on the limiter's clock.</summary>
    internal double PresentSince { get; set; }

    /// <summary>When it began to wait for its turn.</summary>
    internal double QueuedSince { get; set; }

    /// <summary>How long it has waited for its turns in the period, seconds.</summary>
    internal double Queued { get; set; }

    /// <summary>The bytes that it was granted in the period.</summary>
    internal long Sent { get; set; }

    /// <inheritdoc/>
    public long WriteSize => _limiter.WriteSize;

    /// <inheritdoc/>
    public void BeginCall()
    {
        // Time is counted by deadlines, not by calls.
    }

    /// <inheritdoc/>
    public ValueTask<bool> PaceAsync(int bytes, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellationToken);
        if (_woken)
        {
            _woken = false;
            return new(false);
        }
        if (cancellationToken != _cancellation) Listen(cancellationToken);
        _source.Reset();
        if (_limiter.Request(this, bytes)) return new(true);
        // A wake or cancellation that arrived after the checks above and before the wait found nothing to end.
        if (_woken && _limiter.Withdraw(this)) Complete(granted: false);
        else if (cancellationToken.IsCancellationRequested && _limiter.Withdraw(this)) Cancel();
        return new(this, _source.Version);
    }

    /// <summary>Registers once for all writes of the response, since all pass the same token.</summary>
    private void Listen(CancellationToken cancellationToken)
    {
        _registration.Unregister();
        _cancellation = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((TokenBucketPacer)state!).OnCancelled(), this);
    }

    private void OnCancelled()
    {
        if (_limiter.Withdraw(this)) Cancel();
    }

    private void Cancel() => _source.SetException(new OperationCanceledException(_cancellation));

    /// <summary>
    /// Ends the wait, and runs the response until it waits again. Only whoever took the pacer out of the limiter's queue calls this.
    /// </summary>
    internal void Complete(bool granted)
    {
        if (!granted) _woken = false;
        _source.SetResult(granted);
    }

    /// <inheritdoc/>
    public void Wake()
    {
        _woken = true;
        if (_limiter.Withdraw(this))
            ThreadPool.UnsafeQueueUserWorkItem(static share => share.Complete(granted: false), this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Unregister();
        _limiter.Leave(this);
        if (_ownsLimiter) _limiter.Dispose();
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
