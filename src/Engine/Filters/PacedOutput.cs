using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>Puts the pacing filters of all limits that apply to a response above its output.</summary>
public static class PacedOutput
{
    /// <summary>
    /// Builds the chain. Shared limits are placed below the limits of the response alone, so that bytes granted by a shared limit leave at
    /// once. Limits whose pacer counts writes are placed above all others, because no filter above them may cut or flush.
    /// </summary>
    /// <param name="own">The limits of the route.</param>
    /// <param name="all">The limits of all routes; null: there are none.</param>
    /// <param name="facts">The response.</param>
    /// <param name="key">The client and route of the response.</param>
    /// <param name="asked">The rate that the application asks for, bytes per second; it can only lower the limit, not raise it. 0:
    /// none.</param>
    /// <param name="output">The output.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The first filter; null: no limit applies, and the output itself is the first.</returns>
    /// <exception cref="BrokenResponseException">A limit of a fleet applies that cannot be kept now, and <c>on-loss</c> is refuse.</exception>
    public static RateLimitFilter? Create(
        LimitIndex own, LimitIndex? all, in BodyFacts facts, in RateLimitKey key, long asked, IOutputFilter output,
        TimeProvider time)
    {
        RateLimitFilter? first = null;
        List<LiveRateLimit>? holding = null;
        using var met = new MetLimits(own, all, facts, stackalloc int[MetLimits.Usual]);
        // Before the first one begins: what has begun would have to be ended.
        met.RefuseIfLost();
        for (var i = met.Count - 1; i >= 0; i--)
        {
            var limit = met[i];
            if (!PacerTable.Get(limit.Limit.Pacer).CountsWrites) first = new(limit, key, first ?? output);
            else (holding ??= []).Add(limit);
        }
        if (asked > 0) first = new(new LiveRateLimit(new RateLimit(asked, 0, PacerTable.Default.Kind), time), key, first ?? output);
        if (holding is null) return first;
        foreach (var limit in holding) first = new(limit, key, first ?? output);
        return first;
    }
}
