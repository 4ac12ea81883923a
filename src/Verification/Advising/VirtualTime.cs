using System.IO.Pipelines;

namespace DaemonProxy.Verification.Advising;

/// <summary>
/// A clock on which hours pass in milliseconds: when nothing more can be done now, it goes on to the earliest timer. All timers and
/// continuations run one after the other on one thread, so that the same work always takes the same course.
/// </summary>
internal sealed class VirtualTime : TimeProvider
{
    // Work that leaves this thread is not in virtual time. What does so, at the end of a response, takes microseconds.
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(10);

    private readonly PriorityQueue<(Timer Timer, int Setting), (long Due, long Order)> _timers = new();
    private readonly Queue<(Action<object?> Action, object? State)> _turns = new();
    private long _now;
    private long _order;

    public VirtualTime() => Turns = new Scheduler(_turns);

    /// <summary>Runs actions in their turn, before the clock goes on.</summary>
    public PipeScheduler Turns { get; }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>The time since the clock was made.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(_now);

    /// <inheritdoc/>
    public override long GetTimestamp() => _now;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_now);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes when the time has passed.</summary>
    public Task PassAsync(TimeSpan time)
    {
        // Without RunContinuationsAsynchronously, which would leave this thread.
        var passed = new TaskCompletionSource();
        new Timer(this, passed.SetResult).Change(time, Timeout.InfiniteTimeSpan);
        return passed.Task;
    }

    /// <summary>Does work to its end. Blocks the caller, for much less time than passes on this clock.</summary>
    /// <param name="work">Waits for nothing but this clock.</param>
    /// <exception cref="InvalidOperationException">The work waits for something else.</exception>
    public void Run(Func<ValueTask> work)
    {
        // A thread without a synchronization context and outside of any task: only there do awaiters continue in place.
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                RunHere(work);
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        { IsBackground = true, Name = "virtual time" };
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw new InvalidOperationException($"The work in virtual time failed: {failure.Message}", failure);
    }

    private void RunHere(Func<ValueTask> work)
    {
        var run = work().AsTask();
        while (!run.IsCompleted)
        {
            if (_turns.TryDequeue(out var turn))
                turn.Action(turn.State);
            else if (!TryGoOn() && !run.Wait(LongestAbsence))
                throw new InvalidOperationException("it waits for something that never comes");
        }

        run.GetAwaiter().GetResult();
    }

    /// <summary>Goes on to the earliest timer and calls it; false if there is none.</summary>
    private bool TryGoOn()
    {
        while (_timers.TryDequeue(out var next, out var when))
        {
            if (next.Setting != next.Timer.Setting)
                continue;
            _now = Math.Max(_now, when.Due);
            next.Timer.Call();
            return true;
        }

        return false;
    }

    private sealed class Scheduler(Queue<(Action<object?> Action, object? State)> turns) : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state) => turns.Enqueue((action, state));
    }

    private sealed class Timer(VirtualTime owner, Action callback) : ITimer
    {
        /// <summary>Counts the changes: an entry of the queue with an older number is none any more.</summary>
        public int Setting { get; private set; }

        public void Call()
        {
            Setting++;
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
                throw new NotSupportedException("Timers in virtual time fire once.");
            Setting++;
            if (dueTime != Timeout.InfiniteTimeSpan)
                owner._timers.Enqueue((this, Setting), (owner._now + dueTime.Ticks, owner._order++));
            return true;
        }

        public void Dispose() => Setting++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
