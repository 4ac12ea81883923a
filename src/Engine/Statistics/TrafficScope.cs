namespace DaemonProxy.Statistics;

/// <summary>The counters that a request belongs to: those of all requests, of its route, and of its daemon group.</summary>
/// <param name="counters">These counters.</param>
public sealed class TrafficScope(params IReadOnlyList<TrafficCounter> counters)
{
    private readonly TrafficCounter[] _counters = [.. counters];

    /// <summary>Counts a finished request.</summary>
    public void Count(in FinishedRequest request)
    {
        foreach (var counter in _counters) counter.Count(request);
    }

    /// <summary>Counts a flush in a response that may not have ended yet.</summary>
    public void Count(FlushReason reason)
    {
        foreach (var counter in _counters) counter.Flushes.Count(reason);
    }
}
