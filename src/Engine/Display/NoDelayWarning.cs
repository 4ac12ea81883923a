using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Pacing;

namespace DaemonProxy.Display;

/// <summary>The warning for a route that has a rate limit but no flush delay (behaviour.md, section 2).</summary>
public static class NoDelayWarning
{
    /// <summary>The warning for a route, given its daemon group's flush delay; null when there is nothing to warn about.</summary>
    /// <param name="route">The route. The warning is about the limit whose pacer suffers most.</param>
    /// <param name="flushDelay">The group's <c>response-flush-delay</c> in force.</param>
    public static string? From(RouteStatus route, TimeSpan flushDelay)
    {
        ArgumentNullException.ThrowIfNull(route);
        var limits = route.RateLimits.Where(limit => limit.Rate > 0).Select(limit => (limit.Rate, Pacer: PacerTable.Get(limit.Pacer)))
            .OrderByDescending(limit => limit.Pacer.FlushCost).ThenBy(limit => limit.Pacer.KeepsRate);
        if (flushDelay > TimeSpan.Zero || limits.FirstOrDefault() is not { Pacer: { } pacer } limit) return null;
        return $"Route '{route.Route}' is limited to {Units.FormatRate(limit.Rate)} and daemon '{route.Daemon}' has no flush delay: "
            + "whenever its socket is empty for a moment, a flush forces out what has come so far, however little. "
            + Consequence(pacer);
    }

    private static string Consequence(PacerDefinition pacer) => pacer switch
    {
        { FlushCost.Ticks: > 0 } =>
            $"The {pacer.Name} pacer spends {Units.FormatDuration(pacer.FlushCost)} on each of these flushes, so responses fall far below "
                + "their rate. "
                + $"Set a flush delay (5ms is the default), or use the {PacerTable.Default.Name} pacer.",
        { KeepsRate: false } =>
            $"The {pacer.Name} pacer does not wait for these flushes, but it does not slow small writes either, so responses may exceed "
                + "their rate "
                + $"with any flush delay. Use the {PacerTable.Default.Name} pacer to keep to it.",
        _ =>
            $"The {pacer.Name} pacer keeps its rate, and each of these flushes is a small write of its own. "
                + "Set a flush delay (5ms is the default) unless the application writes in large blocks.",
    };
}
