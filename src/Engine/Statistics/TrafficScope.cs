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

    /// <summary>Counts a flush of output that had been held for this long.</summary>
    public void Count(FlushReason reason, TimeSpan held)
    {
        foreach (var counter in _counters)
        {
            counter.Flushes.Count(reason);
            counter.Writing.CountHold(held);
        }
    }

    /// <summary>Counts a dry spell.</summary>
    public void Count(in DrySpell spell)
    {
        foreach (var counter in _counters) counter.Writing.Count(spell);
    }

    /// <summary>Counts a response whose body came without a dry spell.</summary>
    public void CountUndivided()
    {
        foreach (var counter in _counters) counter.Writing.CountUndivided();
    }
}
