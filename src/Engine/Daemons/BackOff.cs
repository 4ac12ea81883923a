namespace DaemonProxy.Daemons;

/// <summary>
/// When the workers of a group are started again. The aim: a group never stands still for much longer than a start takes, however its
/// workers are killed, and one that cannot start costs no more than a start a second.
/// <code>
///   the worker                     others serve                       none serves
///   listened, then ended           at once, but 1 s or more           at once, but 0.25 s or more after the group's last start,
///                                  after its own last start           where its own was within the last second
///   ended before it listened:
///     for the first time           1 s later                          at once
///     again                        2 s, 4 s, ... up to 30 s later     when the group has started none for 1 s
/// </code>
/// A worker that listens ends the pauses of all: what kept the others from starting is most likely over.
/// </summary>
internal sealed class BackOff
{
    /// <summary>The shortest time from one start to the next, but for a group that stands still.</summary>
    public static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two starts of a group whose workers listen, and end at once.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);

    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly WorkerQueue _queue;
    private readonly TimeProvider _time;
    private long _lastStart;
    private bool _hasStarted;
    private int _recoveries;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Makes it.</summary>
    /// <param name="queue">Knows whether any worker serves.</param>
    /// <param name="time">The clock of the pauses.</param>
    public BackOff(WorkerQueue queue, TimeProvider time)
    {
        _queue = queue;
        _time = time;
        queue.Emptied = Reconsider;
    }

    /// <summary>The share of one worker.</summary>
    public Slot NewSlot() => new(this);

    /// <summary>The pause after so many starts in a row that led to nothing, while others serve.</summary>
    internal static TimeSpan PauseAfter(int failures) => failures > 5 ? Longest : TimeSpan.FromSeconds(1 << (failures - 1));

    private void Reconsider()
    {
        TaskCompletionSource changed;
        lock (_gate) (changed, _changed) = (_changed, NewSignal());
        changed.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is remembered of one worker's starts. Called by its supervisor alone.</summary>
    internal sealed class Slot(BackOff group)
    {
        private long _lastStart;
        private bool _hasStarted;
        private long _failedAt;
        private int _recoveries;

        /// <summary>Starts in a row that led to no worker that listened.</summary>
        public int Failures { get; private set; }

        /// <summary>How long its next start is away, as things are now.</summary>
        public TimeSpan Left
        {
            get { lock (group._gate) return LeftNow(); }
        }

        /// <summary>A process is being started.</summary>
        public void Starts()
        {
            lock (group._gate) Note();
        }

        public void Listened()
        {
            Failures = 0;
            lock (group._gate) _recoveries = ++group._recoveries;
            group.Reconsider();
        }

        /// <summary>It led to nothing.</summary>
        public void Failed()
        {
            lock (group._gate)
            {
                Failures++;
                _failedAt = group._time.GetTimestamp();
                _recoveries = group._recoveries;
            }
        }

        /// <summary>Waits until it may be started.</summary>
        /// <exception cref="OperationCanceledException">The wait was given up.</exception>
        public async Task WaitAsync(CancellationToken stop)
        {
            while (true)
            {
                TimeSpan left;
                Task changed;
                lock (group._gate)
                {
                    left = LeftNow();
                    changed = group._changed.Task;
                    // Said at once, so that of several that wait for the same second one alone begins.
                    if (left <= TimeSpan.Zero) Note();
                }
                if (left <= TimeSpan.Zero) return;
                try { await changed.WaitAsync(left, group._time, stop).ConfigureAwait(false); }
                catch (TimeoutException) { }
            }
        }

        private void Note()
        {
            var now = group._time.GetTimestamp();
            (_lastStart, _hasStarted) = (now, true);
            (group._lastStart, group._hasStarted) = (now, true);
        }

        private TimeSpan LeftNow()
        {
            if (Failures > 0 && _recoveries != group._recoveries) Failures = 0;
            var hasOthers = group._queue.HasWorkers;
            if (Failures == 0)
            {
                var own = Since(_hasStarted, _lastStart, Between);
                return own <= TimeSpan.Zero || hasOthers ? own : Since(group._hasStarted, group._lastStart, Shortest);
            }
            if (hasOthers) return Positive(PauseAfter(Failures) - group._time.GetElapsedTime(_failedAt));
            return Failures == 1 ? TimeSpan.Zero : Since(group._hasStarted, group._lastStart, Between);
        }

        private TimeSpan Since(bool hasStarted, long start, TimeSpan between) =>
            hasStarted ? Positive(between - group._time.GetElapsedTime(start)) : TimeSpan.Zero;

        private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
    }
}
