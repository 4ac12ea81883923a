using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>The health of one worker: its last checks, counted until they make it healthy or unhealthy. One caller at a time.</summary>
/// <param name="check">How many checks it takes.</param>
internal sealed class HealthRecord(HealthCheckOptions check)
{
    /// <summary>The first pause between checks: at first a worker is asked more often, because requests may be waiting for it.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private volatile string? _lastFailure;
    private volatile bool _isHealthy;
    private int _against;

    /// <summary>Whether the worker may get requests; a new one has to pass first.</summary>
    public bool IsHealthy => _isHealthy;

    /// <summary>What the last check showed, when it failed; otherwise null.</summary>
    public string? LastFailure => _lastFailure;

    /// <summary>The pause after a pause: twice as long, up to the interval.</summary>
    public TimeSpan After(TimeSpan pause) => pause * 2 < check.Interval ? pause * 2 : check.Interval;

    /// <summary>Counts a check.</summary>
    /// <returns>Whether the worker has become healthy or unhealthy by it.</returns>
    public bool Count(HealthAnswer answer)
    {
        if (answer.Passed is not { } passed) return false;
        _lastFailure = passed ? null : answer.Text;
        if (passed == _isHealthy)
        {
            _against = 0;
            return false;
        }
        if (++_against < (passed ? check.HealthyAfter : check.UnhealthyAfter)) return false;
        (_isHealthy, _against) = (passed, 0);
        return true;
    }
}
