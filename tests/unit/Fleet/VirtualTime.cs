namespace DaemonProxy.Tests.Fleet;

/// <summary>A clock that stands still until it is advanced, for tens of thousands of timers: each costs O(log n).</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<(VirtualTimer Timer, long Set), (long Due, long Order)> _due = new();
    private long _now = TimeSpan.TicksPerDay;
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(_now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Calls an action later.</summary>
    public void After(TimeSpan delay, Action action) => CreateTimer(_ => action(), null, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Lets time pass; what is due is called in order, on this thread.</summary>
    public void Advance(TimeSpan time)
    {
        var end = _now + time.Ticks;
        while (_due.TryPeek(out var next, out var when) && when.Due <= end)
        {
            _due.Dequeue();
            if (next.Timer.Number != next.Set) continue;
            _now = Math.Max(_now, when.Due);
            next.Timer.Fire();
        }
        _now = end;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Number { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Number++;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan) time._due.Enqueue((this, Number), (time._now + dueTime.Ticks, time._order++));
            return true;
        }

        public void Fire()
        {
            Number++;
            if (_period > TimeSpan.Zero) Change(_period, _period);
            callback(state);
        }

        public void Dispose() => Number = -1;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
