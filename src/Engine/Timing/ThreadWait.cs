namespace DaemonProxy.Timing;

/// <summary>
/// Blocks a thread until it is signalled, at once and without spinning: what a request thread waits for takes longer than a processor
/// could usefully be kept busy, and another thread needs it meanwhile. Belongs to one thread; the signal may come from any.
/// </summary>
internal sealed class ThreadWait
{
    private readonly object _gate = new();
    private readonly Action _signal;
    private bool _isSignalled;

    public ThreadWait() => _signal = Signal;

    /// <summary>Ends the wait, or spares the thread the next one.</summary>
    public void Signal()
    {
        lock (_gate)
        {
            _isSignalled = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for one signal.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            while (!_isSignalled) Monitor.Wait(_gate);
            _isSignalled = false;
        }
    }

    /// <summary>Waits until an operation has ended; gives its result, or throws its exception.</summary>
    public T Finish<T>(ValueTask<T> operation)
    {
        var awaiter = operation.ConfigureAwait(false).GetAwaiter();
        awaiter.UnsafeOnCompleted(_signal);
        Wait();
        return awaiter.GetResult();
    }
}
