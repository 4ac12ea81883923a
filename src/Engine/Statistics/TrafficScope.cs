namespace DaemonProxy.Statistics;

/// <summary>Where a request is counted: with all requests, with its route's, with its daemon group's.</summary>
/// <param name="counters">Those counters.</param>
public sealed class TrafficScope(params IReadOnlyList<TrafficCounter> counters)
{
    private readonly TrafficCounter[] _counters = [.. counters];

    /// <summary>Counts a finished request.</summary>
    public void Count(in FinishedRequest request)
    {
        foreach (var counter in _counters) counter.Count(request);
    }

    /// <summary>Counts a flush in a response that may go on.</summary>
    public void Count(FlushReason reason)
    {
        foreach (var counter in _counters) counter.Flushes.Count(reason);
    }
}
