namespace DaemonProxy.Timing;

/// <summary>
/// Queues timers that have fired and runs their callbacks on up to one thread-pool work item per processor; each work item takes timer
/// after timer until none is left. With ten thousand paced responses a hundred timers fire every millisecond, and a work item for each
/// would cost more than most callbacks do. A callback that blocks delays the others at most until the next timer fires.
/// </summary>
internal sealed class DueTimers : IThreadPoolWorkItem
{
    // For fewer timers than this, waking another thread costs more than it saves.
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

    /// <summary>Makes sure that enough work items run the added timers.</summary>
    public void Run()
    {
        int missing;
        lock (_gate)
        {
            if (_timers.Count == 0) return;
            // If no timer has been taken since the last call, the running work items are stuck in callbacks or have yet to start.
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
