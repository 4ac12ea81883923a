namespace DaemonProxy.Timing;

/// <summary>
/// Timers that have fired, and those who run their callbacks: as many work items of the thread pool as there are processors, each of which
/// takes timer after timer until none is left. Ten thousand paced responses have a hundred timers fire each millisecond; a work item for
/// each would cost more than most callbacks do. A callback that blocks holds up no other for longer than until the next timer fires.
/// </summary>
internal sealed class DueTimers : IThreadPoolWorkItem
{
    // Below that, waking another thread costs more than it saves.
    private const int WorthAnother = 16;

    private readonly Lock _gate = new();
    private readonly Queue<PreciseTimeProvider.PreciseTimer> _timers = new();
    private long _taken;
    private long _takenBefore;
    private int _workers;

    /// <summary>Adds a timer that has fired.</summary>
    public void Add(PreciseTimeProvider.PreciseTimer timer)
    {
        lock (_gate)
        {
            if (timer.IsDue) return;
            timer.IsDue = true;
            _timers.Enqueue(timer);
        }
    }

    /// <summary>Sees to it that enough run what was added.</summary>
    public void Run()
    {
        int missing;
        lock (_gate)
        {
            if (_timers.Count == 0) return;
            // Nobody has taken one since the last time: whoever was at it is stuck in a callback, or has yet to start.
            var wanted = _taken == _takenBefore && _workers > 0
                ? _workers + 1 : Math.Min(1 + _timers.Count / WorthAnother, Environment.ProcessorCount);
            _takenBefore = _taken;
            missing = Math.Max(0, wanted - _workers);
            _workers += missing;
        }
        for (; missing > 0; missing--) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (Next() is { } timer) timer.Call();
    }

    private PreciseTimeProvider.PreciseTimer? Next()
    {
        lock (_gate)
        {
            if (!_timers.TryDequeue(out var timer))
            {
                _workers--;
                return null;
            }
            _taken++;
            timer.IsDue = false;
            return timer;
        }
    }
}
