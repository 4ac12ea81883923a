namespace DaemonProxy.Timing;

/// <summary>
/// The system's time, with timers that fire within a fraction of a millisecond of when they are due. The runtime's own timers use a clock
/// that on Linux advances in steps of 4 ms: a flush delay of 5 ms would last up to 9 ms, and a pause of 20 ms could end after 16 ms. Here
/// one thread waits for the earliest of all timers, and then hands over all due timers at once: see <see cref="DueTimers"/>.
/// </summary>
public sealed class PreciseTimeProvider : TimeProvider, IDisposable
{
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly IndexedHeap<PreciseTimer> _heap = new(64);
    private readonly DueTimers _due = new();
    private long _sleepsUntil = long.MinValue;
    private bool _disposed;

    /// <summary>Starts the thread that waits for the timers.</summary>
    public PreciseTimeProvider()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "timers", Priority = ThreadPriority.AboveNormal };
        thread.Start();
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new PreciseTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Ends the thread; no timer fires any more.</summary>
    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _wake.Set();
    }

    private bool Schedule(PreciseTimer timer, long due)
    {
        bool earlier;
        lock (_gate)
        {
            if (timer.IsDisposed) due = long.MaxValue;
            timer.Rank = due;
            if (due == long.MaxValue) _heap.Remove(timer);
            else _heap.Set(timer);

            // Waking the thread costs a system call; a timer that is cancelled, or is due after its sleep ends, does not need that.
            earlier = due < _sleepsUntil;
            if (earlier) _sleepsUntil = due;
        }
        if (earlier) _wake.Set();
        return !timer.IsDisposed;
    }

    private void Run()
    {
        while (true)
        {
            var wait = Timeout.InfiniteTimeSpan;
            lock (_gate)
            {
                if (_disposed) return;
                var now = GetTimestamp();
                while (_heap.First is { } first && first.Rank <= now)
                {
                    _heap.Remove(first);
                    _due.Add(first);
                    if (first.Period == 0) continue;
                    first.Rank = now + first.Period;
                    _heap.Set(first);
                }
                if (_heap.First is { } next) wait = GetElapsedTime(now, next.Rank);
                _sleepsUntil = _heap.First?.Rank ?? long.MaxValue;
            }
            _due.Run();
            // A wait takes whole milliseconds; rounding up keeps a timer from firing early.
            _wake.WaitOne(
                wait == Timeout.InfiniteTimeSpan ? Timeout.Infinite : (int)Math.Min(int.MaxValue, Math.Ceiling(wait.TotalMilliseconds)));
        }
    }

    /// <summary>A timer of this clock; it knows its place in the heap, so that a change costs no search.</summary>
    internal sealed class PreciseTimer(PreciseTimeProvider owner, TimerCallback callback, object? state) : HeapItem, ITimer
    {
        internal long Period;

        /// <summary>Whether the timer has fired and its callback has not begun; firing again meanwhile changes nothing.</summary>
        internal bool IsDue;

        internal volatile bool IsDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Period = period == Timeout.InfiniteTimeSpan ? 0 : owner.Ticks(period);
            return owner.Schedule(this, dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : owner.GetTimestamp() + owner.Ticks(dueTime));
        }

        internal void Call() => callback(state);

        public void Dispose()
        {
            IsDisposed = true;
            owner.Schedule(this, long.MaxValue);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    // Limited to a fraction of the range of a timestamp: the sum with the current timestamp must not overflow into the past.
    private long Ticks(TimeSpan time) => (long)Math.Min(time.TotalSeconds * TimestampFrequency, long.MaxValue / 4);
}
