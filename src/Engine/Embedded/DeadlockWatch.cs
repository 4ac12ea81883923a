namespace DaemonProxy.Embedded;

/// <summary>Takes the interpreter lock from time to time, and reports when that does not succeed within <c>deadlock-timeout</c>.</summary>
public sealed class DeadlockWatch : IDisposable
{
    private readonly PythonInterpreter _python;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly ITimer _timer;
    private long _trying;
    private int _isReported;

    /// <summary>Starts the watch.</summary>
    /// <param name="python">The interpreter.</param>
    /// <param name="limit"><c>deadlock-timeout</c>, &gt; 0.</param>
    /// <param name="time">The clock that measures the limit.</param>
    /// <param name="report">Called once, when the limit has been exceeded.</param>
    public DeadlockWatch(PythonInterpreter python, TimeSpan limit, TimeProvider time, Action report)
    {
        _python = python;
        var between = limit / 10 < TimeSpan.FromSeconds(1) ? limit / 10 : TimeSpan.FromSeconds(1);
        _thread = new Thread(() => Try(between, time)) { IsBackground = true, Name = "deadlock watch" };
        _thread.Start();
        _timer = time.CreateTimer(
            _ =>
            {
                var since = Interlocked.Read(ref _trying);
                if (since != 0 && time.GetElapsedTime(since) >= limit && Interlocked.Exchange(ref _isReported, 1) == 0) report();
            },
            null, between, between);
    }

    private void Try(TimeSpan between, TimeProvider time)
    {
        while (!_stop.Wait(between))
        {
            // A timestamp of 0 would mean that no attempt is under way.
            Interlocked.Exchange(ref _trying, Math.Max(1, time.GetTimestamp()));
            _python.TouchLock();
            Interlocked.Exchange(ref _trying, 0);
        }
    }

    /// <summary>Stops the watch. Call it before the interpreter is taken down.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _stop.Set();
        // A thread that waits for the lock in vain remains until the process ends.
        _thread.Join(TimeSpan.FromSeconds(1));
    }
}
