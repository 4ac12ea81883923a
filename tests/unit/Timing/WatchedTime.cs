using Microsoft.Extensions.Time.Testing;

namespace DaemonProxy.Tests.Timing;

/// <summary>
/// A clock that the test turns, and that tells which of its timers are set. Code that was woken on another thread does not notice that the
/// clock was turned until it waits again, so a test turns it only when the timer of that next wait is set.
/// </summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly Lock _gate = new();
    private readonly Dictionary<WatchedTimer, DateTimeOffset> _due = [];
    private int _settings;

    /// <summary>The number of timers that are set and have not fired.</summary>
    public int Pending
    {
        get { lock (_gate) return _due.Count; }
    }

    /// <summary>How many times a timer was set.</summary>
    public int Settings => Volatile.Read(ref _settings);

    /// <summary>Whether a timer fires when the clock is turned by exactly that much.</summary>
    public bool IsDueIn(TimeSpan time)
    {
        lock (_gate) return _due.ContainsValue(GetUtcNow() + time);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new WatchedTimer(this, () => callback(state));
        timer.Inner = base.CreateTimer(static timer => ((WatchedTimer)timer!).Fire(), timer, Timeout.InfiniteTimeSpan, period);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class WatchedTimer(WatchedTime owner, Action callback) : ITimer
    {
        private TimeSpan _period;

        public ITimer Inner { get; set; } = null!;

        public void Fire()
        {
            lock (owner._gate)
            {
                if (_period <= TimeSpan.Zero) owner._due.Remove(this);
                else owner._due[this] = owner.GetUtcNow() + _period;
            }
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan) owner._due.Remove(this);
                else owner._due[this] = owner.GetUtcNow() + dueTime;
            }
            var changed = Inner.Change(dueTime, period);
            // Only now does it fire when the clock is turned.
            if (dueTime != Timeout.InfiniteTimeSpan) Interlocked.Increment(ref owner._settings);
            return changed;
        }

        public void Dispose()
        {
            lock (owner._gate) owner._due.Remove(this);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
