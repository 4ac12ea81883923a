namespace DaemonProxy.Daemons;

/// <summary>
/// Decides when the workers of a group are started again. However its workers are killed, a group is never without service for much longer
/// than a start takes; a group that cannot start at all costs no more than one start per second.
/// <code>
///   the worker                     others serve                       none serves
///   listened, then ended           at once, but 1 s or more           at once, but 0.25 s or more after the group's last start,
///                                  after its own last start           where its own was within the last second
///   ended before it served:
///     for the first time           1 s later                          at once
///     again                        2 s, 4 s, ... up to 30 s later     when the group has started none for 1 s
/// </code>
/// A worker that starts to listen ends the pauses of all the others: whatever kept them from starting is most likely over.
/// </summary>
internal sealed class BackOff
{
    /// <summary>The shortest time from one start to the next, except in a group that has no worker left.</summary>
    public static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two starts in a group whose workers listen and then end at once.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);

    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly WorkerQueue _queue;
    private readonly TimeProvider _time;
    private long _lastStart;
    private bool _hasStarted;
    private int _recoveries;
    private TaskCompletionSource _changed = NewSignal();

    /// <param name="queue">Tells whether any worker is serving.</param>
    /// <param name="time">The clock that times the pauses.</param>
    public BackOff(WorkerQueue queue, TimeProvider time)
    {
        _queue = queue;
        _time = time;
        queue.Emptied = Reconsider;
    }

    /// <summary>Creates the back-off state of one worker.</summary>
    public Slot NewSlot() => new(this);

    /// <summary>The pause after that many failed starts in a row, while other workers serve.</summary>
    internal static TimeSpan PauseAfter(int failures) => failures > 5 ? Longest : TimeSpan.FromSeconds(1 << (failures - 1));

    private void Reconsider()
    {
        TaskCompletionSource changed;
        lock (_gate) (changed, _changed) = (_changed, NewSignal());
        changed.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The start history of one worker. Only its supervisor calls it.</summary>
    internal sealed class Slot(BackOff group)
    {
        private long _lastStart;
        private bool _hasStarted;
        private long _failedAt;
        private int _recoveries;

        /// <summary>The number of consecutive starts after which the worker never listened.</summary>
        public int Failures { get; private set; }

        /// <summary>The time left until its next start, as things are now.</summary>
        public TimeSpan Left
        {
            get { lock (group._gate) return LeftNow(); }
        }

        /// <summary>Records that a process is being started.</summary>
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

        /// <summary>Records that the start failed.</summary>
        public void Failed()
        {
            lock (group._gate)
            {
                Failures++;
                _failedAt = group._time.GetTimestamp();
                _recoveries = group._recoveries;
            }
        }

        /// <summary>Waits until the worker may be started.</summary>
        /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
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
                    // Recorded under the same lock, so that only one of several workers waiting for the same second starts.
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
