using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>What somebody should know who has a rate limit and no flush delay on the same route (behaviour.md, section 2).</summary>
internal static class NoDelayWarning
{
    /// <summary>The warning for a route and the flush delay of its daemon group; null where there is nothing to warn of.</summary>
    public static string? For(RouteStatus route, TimeSpan flushDelay)
    {
        if (route.RateLimit == 0 || flushDelay > TimeSpan.Zero)
            return null;
        var limited = $"Route '{route.Path}' is limited to {Units.FormatRate(route.RateLimit)} and daemon '{route.Daemon}' has no flush delay: "
            + "whenever its socket is empty for a moment, a flush forces out what has come so far, however little.";
        return route.Pacer is PacerKind.Interval
            ? $"{limited} The interval pacer spends a whole 200 ms interval on each of these flushes, so responses fall far below their rate. "
                + "Set a flush delay (5ms is the default), or use the token-bucket pacer."
            : $"{limited} The token-bucket pacer keeps its rate, and each of these flushes is a small write of its own. "
                + "Set a flush delay (5ms is the default) unless the application writes in large blocks.";
    }
}
