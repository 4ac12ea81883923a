namespace DaemonProxy.Tests.Timing;

/// <summary>
/// A clock that is turned by hand, and whose timers call back only when the test has them do it: early, late, or in the middle of
/// something.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private long _now;

    public List<Timer> Timers { get; } = [];

    /// <summary>Called whenever a timer is changed.</summary>
    public Action? Changing { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state)) { Due = dueTime };
        Timers.Add(timer);
        return timer;
    }

    /// <summary>Turns the clock; no timer calls back by that.</summary>
    public void Turn(TimeSpan by) => _now += by.Ticks;

    public sealed class Timer(ManualTime owner, Action callback) : ITimer
    {
        /// <summary>What it was last set to.</summary>
        public TimeSpan Due { get; set; }

        /// <summary>When it will call back, on the owner's clock; null: never.</summary>
        public long? DueAt { get; private set; }

        /// <summary>How often it has been set.</summary>
        public int Changes { get; private set; }

        public bool IsDisposed { get; private set; }

        public void Fire()
        {
            DueAt = null;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            DueAt = dueTime == Timeout.InfiniteTimeSpan ? null : owner._now + dueTime.Ticks;
            Changes++;
            owner.Changing?.Invoke();
            return true;
        }

        public void Dispose() => IsDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
