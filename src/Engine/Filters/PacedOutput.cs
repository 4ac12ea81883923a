using DaemonProxy.Configuration;
using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>Puts the pacing filters of all limits that a response has to obey above its output.</summary>
public static class PacedOutput
{
    /// <summary>
    /// Makes the chain. Shared limits are below those of the response alone, so that what has had its turn by a shared limit leaves at
    /// once; and above all of them those limits whose pacer counts writes, which no filter above them may cut or flush.
    /// </summary>
    /// <param name="limits">All limits, the narrowest scope first.</param>
    /// <param name="facts">The response.</param>
    /// <param name="key">Whose response it is.</param>
    /// <param name="asked">What the application asks for, bytes a second: it can lower its limit and not raise it; 0: nothing.</param>
    /// <param name="output">The output.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The first filter; null: there is none, and the output is the first.</returns>
    public static RateLimitFilter? Create(
        IReadOnlyList<LiveRateLimit> limits, in ResponseFacts facts, in RateLimitKey key, long asked, IOutputFilter output,
        TimeProvider time)
    {
        RateLimitFilter? first = null;
        List<LiveRateLimit>? holding = null;
        for (var i = limits.Count - 1; i >= 0; i--)
        {
            var limit = limits[i];
            if (!limit.Conditions.Match(facts)) continue;
            if (!PacerTable.Get(limit.Limit.Pacer).CountsWrites) first = new(limit, key, first ?? output);
            else (holding ??= []).Add(limit);
        }
        if (asked > 0) first = new(new LiveRateLimit(new RateLimit(asked, 0, PacerTable.Default.Kind), time), key, first ?? output);
        foreach (var limit in holding ?? []) first = new(limit, key, first ?? output);
        return first;
    }
}
