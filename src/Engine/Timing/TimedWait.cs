using System.Threading.Tasks.Sources;

namespace DaemonProxy.Timing;

/// <summary>
/// Waits for a signal, for at most a time, again and again, without allocating. The relay needs it because one read may be waited
/// for twice: first for the flush delay, then for the socket timeout. Without a signal it is a pause.
/// One waiter at a time; the signal may come from any thread, before or during the wait, and stays until <see cref="Reset"/>.
/// </summary>
internal sealed class TimedWait : IValueTaskSource<bool>, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private long _start;
    private TimeSpan _limit;
    private bool _signalled;
    private bool _waiting;

    public TimedWait(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((TimedWait)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Signal = OnSignal;
    }

    /// <summary>Ends the wait with true. Kept as a delegate, to be handed to an awaiter as its continuation.</summary>
    public Action Signal { get; }

    /// <summary>Forgets the signal, before the operation that will give the next one starts.</summary>
    public void Reset()
    {
        lock (_gate) _signalled = false;
    }

    /// <summary>
    /// Whether the signal has come. Of an operation whose continuation is <see cref="Signal"/>, this is the question to ask, not whether it
    /// is completed: that it says a moment before it calls its continuation, and whoever took it for ended then, and started the next,
    /// would get this one's signal for that one's.
    /// </summary>
    public bool IsSignalled
    {
        get { lock (_gate) return _signalled; }
    }

    /// <summary>Waits until the signal (true) or until the limit has passed (false).</summary>
    /// <param name="limit">&gt;= 0, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_signalled) return new(true);
            if (limit == TimeSpan.Zero) return new(false);
            if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellationToken);
            _source.Reset();
            _waiting = true;
            _limit = limit;
            _cancellation = cancellationToken;
            if (limit != Timeout.InfiniteTimeSpan)
            {
                _start = _time.GetTimestamp();
                _timer.Change(limit, Timeout.InfiniteTimeSpan);
            }
        }
        // Outside the lock: a token that is cancelled already calls back at once.
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static state => ((TimedWait)state!).OnCancelled(), this);
        return new(this, _source.Version);
    }

    private void OnSignal()
    {
        lock (_gate)
        {
            _signalled = true;
            if (!StopWaiting()) return;
        }
        _source.SetResult(true);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (!_waiting || _limit == Timeout.InfiniteTimeSpan) return;
            // A callback of an earlier wait may come late, and a coarse timer early: the clock decides.
            var left = _limit - _time.GetElapsedTime(_start);
            if (left > TimeSpan.Zero)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
            StopWaiting();
        }
        _source.SetResult(false);
    }

    private void OnCancelled()
    {
        lock (_gate)
        {
            // A callback of an earlier wait may come late here as well: the token of this one decides.
            if (!_cancellation.IsCancellationRequested || !StopWaiting()) return;
        }
        _source.SetException(new OperationCanceledException(_cancellation));
    }

    private bool StopWaiting()
    {
        if (!_waiting) return false;
        _waiting = false;
        if (_limit != Timeout.InfiniteTimeSpan) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return true;
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        // Unregister, not Dispose: Dispose would wait for a callback that may be running the caller's own continuation.
        _registration.Unregister();
        _registration = default;
        return _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    public void Dispose() => _timer.Dispose();
}
