using System.Threading.Tasks.Sources;

namespace DaemonProxy.Timing;

/// <summary>
/// A reusable wait for a signal, with a time limit and without allocation. The relay needs it because it may wait twice for one read: first
/// for the flush delay, then for the socket timeout. Without a signal it is a pause. Only one waiter is allowed at a time. The signal may
/// come from any thread, before or during the wait, and persists until <see cref="Reset"/>.
/// </summary>
internal sealed class TimedWait : IValueTaskSource<bool>, IDisposable
{
    // The timer of a longer wait stays set when the wait ends: the next wait mostly needs it, and one that fires in vain costs less than
    // two changes for each of the waits before.
    private static readonly TimeSpan ShortestKept = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private long _start;
    private TimeSpan _limit;
    private long? _timerDue;
    private volatile bool _signalled;
    private long? _signalledAt;
    private bool _waiting;

    public TimedWait(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((TimedWait)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Signal = OnSignal;
    }

    /// <summary>Ends the wait with true. It is a stored delegate, so that it can be passed to an awaiter as its continuation.</summary>
    public Action Signal { get; }

    /// <summary>Clears the signal. Call this before starting the operation that gives the next signal.</summary>
    public void Reset()
    {
        lock (_gate) (_signalled, _signalledAt) = (false, null);
    }

    /// <summary>When the signal arrived, as a timestamp of the clock, if nobody was waiting for it then; otherwise null.</summary>
    public long? SignalledAt
    {
        get { lock (_gate) return _signalledAt; }
    }

    /// <summary>
    /// Whether the signal has arrived. For an operation whose continuation is <see cref="Signal"/>, ask this and not whether the operation
    /// is completed: an operation reports completion a moment before it calls its continuation. A caller that started the next operation at
    /// that moment would mistake the signal of the first for that of the second.
    /// </summary>
    public bool IsSignalled => _signalled;

    /// <summary>Waits until the signal (true) or until the limit has passed (false).</summary>
    /// <param name="limit">&gt;= 0, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <param name="start">When the wait begins, as a timestamp of the clock; null: now.</param>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken = default, long? start = null)
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
                _start = start ?? _time.GetTimestamp();
                SetTimer(_start, limit);
            }
        }
        // Outside the lock: a token that is already cancelled calls back at once.
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static state => ((TimedWait)state!).OnCancelled(), this);
        return new(this, _source.Version);
    }

    private void OnSignal()
    {
        lock (_gate)
        {
            if (!StopWaiting())
            {
                if (!_signalled) _signalledAt = _time.GetTimestamp();
                _signalled = true;
                return;
            }
            _signalled = true;
        }
        _source.SetResult(true);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _timerDue = null;
            if (!_waiting || _limit == Timeout.InfiniteTimeSpan) return;
            // The timer may be that of an earlier wait, and a coarse timer may fire early; the clock decides.
            var now = _time.GetTimestamp();
            var left = _limit - _time.GetElapsedTime(_start, now);
            if (left > TimeSpan.Zero)
            {
                SetTimer(now, left);
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
            // Here, too, a callback of an earlier wait may arrive late; the token of this wait decides.
            if (!_cancellation.IsCancellationRequested || !StopWaiting()) return;
        }
        _source.SetException(new OperationCanceledException(_cancellation));
    }

    private bool StopWaiting()
    {
        if (!_waiting) return false;
        _waiting = false;
        if (_limit < ShortestKept && _limit != Timeout.InfiniteTimeSpan)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timerDue = null;
        }
        return true;
    }

    /// <summary>Makes the timer fire after a time at the latest.</summary>
    private void SetTimer(long now, TimeSpan limit)
    {
        var due = now + (long)Math.Min(limit.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 4);
        if (_timerDue <= due) return;
        _timerDue = due;
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
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
