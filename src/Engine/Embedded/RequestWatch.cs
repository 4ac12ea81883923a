namespace DaemonProxy.Embedded;

/// <summary>How long a request may run (behaviour.md, section 5).</summary>
/// <param name="RequestTimeout"><c>request-timeout</c>; 0: no limit.</param>
/// <param name="InterruptTimeout"><c>interrupt-timeout</c>; 0: no request is interrupted.</param>
/// <param name="SlowRequestTimeout"><c>slow-request-timeout</c>; 0: no request is reported as slow.</param>
public sealed record RequestLimits(TimeSpan RequestTimeout, TimeSpan InterruptTimeout, TimeSpan SlowRequestTimeout)
{
    /// <summary>Whether any limit needs watching.</summary>
    public bool Any => RequestTimeout > TimeSpan.Zero || SlowRequestTimeout > TimeSpan.Zero;

    /// <summary>When the timeout fires: the more threads there are, the less a single stuck one takes away.</summary>
    /// <param name="threads">Request threads of the process.</param>
    public TimeSpan FirePoint(int threads) => RequestTimeout * (1 + Math.Log(threads));
}

/// <summary>
/// Looks for requests that have run for too long. Such a request is first interrupted, if that is configured, by an exception raised in its
/// Python thread. A request that runs on regardless is reported, so that the process is replaced. A slow request is reported once, with its
/// stack at that moment.
/// </summary>
public sealed class RequestWatch : IDisposable
{
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1);

    private readonly PythonInterpreter _python;
    private readonly WsgiApplication _application;
    private readonly TimeSpan _firePoint;
    private readonly TimeSpan _interruptTimeout;
    private readonly TimeSpan _slow;
    private readonly TimeProvider _time;
    private readonly Action<WsgiRequest, string> _report;
    private readonly Action<WsgiRequest, string> _reportSlow;
    private readonly ITimer _timer;
    private int _looking;

    /// <summary>Starts the watch.</summary>
    /// <param name="python">The interpreter.</param>
    /// <param name="application">The application whose requests are watched.</param>
    /// <param name="limits">How long requests may run; <see cref="RequestLimits.Any"/> must hold.</param>
    /// <param name="time">The interpreter's clock.</param>
    /// <param name="report">Called once for each stuck request, with its Python stack.</param>
    /// <param name="reportSlow">Called once for each slow request, with its time so far and its Python stack.</param>
    public RequestWatch(
        PythonInterpreter python, WsgiApplication application, RequestLimits limits, TimeProvider time, Action<WsgiRequest, string> report,
            Action<WsgiRequest, string> reportSlow)
    {
        _python = python;
        _application = application;
        _firePoint = limits.RequestTimeout > TimeSpan.Zero ? limits.FirePoint(application.Threads.Count) : TimeSpan.MaxValue;
        _slow = limits.SlowRequestTimeout > TimeSpan.Zero ? limits.SlowRequestTimeout : TimeSpan.MaxValue;
        _interruptTimeout = limits.InterruptTimeout;
        _time = time;
        _report = report;
        _reportSlow = reportSlow;
        var shortest = limits.InterruptTimeout > TimeSpan.Zero && limits.InterruptTimeout < _firePoint
            ? limits.InterruptTimeout : _firePoint;
        if (_slow < shortest) shortest = _slow;
        var look = shortest / 10 < ShortestLook ? ShortestLook : shortest / 10 > LongestLook ? LongestLook : shortest / 10;
        _timer = time.CreateTimer(_ => CheckRequests(), null, look, look);
    }

    private void CheckRequests()
    {
        // While one check waits for the interpreter lock, the next must not queue behind it.
        if (Interlocked.Exchange(ref _looking, 1) == 1) return;
        try
        {
            foreach (var thread in _application.Threads)
            {
                if (thread.Request is not { } request) continue;
                var elapsed = _time.GetElapsedTime(thread.Start);
                if (elapsed >= _slow && !thread.IsSlowReported) ReportSlow(thread, request, elapsed);
                if (elapsed < _firePoint) continue;
                if (_interruptTimeout > TimeSpan.Zero && thread.Interrupted == 0) _python.Interrupt(thread, request);
                else if (!thread.IsReported
                    && (_interruptTimeout == TimeSpan.Zero || _time.GetElapsedTime(thread.Interrupted) >= _interruptTimeout))
                {
                    thread.IsReported = true;
                    _report(request, _python.StackOf(thread));
                }
            }
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    private void ReportSlow(RequestThread thread, WsgiRequest request, TimeSpan elapsed)
    {
        var stack = _python.StackOf(thread);
        // The request may have ended during the wait for the interpreter lock; the stack is then that of the next request.
        if (thread.Request != request) return;
        thread.IsSlowReported = true;
        _reportSlow(request, $"it has run for {elapsed.TotalSeconds:0.0} s, and is at\n{stack}");
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
