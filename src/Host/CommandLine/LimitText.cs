using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>A rate limit in words: <c>uploads 1MiB/s for each client, shared by the fleet</c>.</summary>
internal static class LimitText
{
    /// <summary>Writes a limit of a configuration.</summary>
    public static string From(RateLimitOptions limit) => From(
        limit.Direction == RateDirection.Upload, limit.RateLimit, limit.RateScope.ToString(), limit.SharedBy.ToString(),
        isConditional: limit.Conditions != RateConditions.None);

    /// <summary>Writes a limit in force.</summary>
    public static string From(RateLimitStatus limit) => From(
        limit.Direction == nameof(RateDirection.Upload), limit.Rate, limit.Scope, limit.SharedBy,
        isConditional: limit.Methods.Count > 0 || limit.ContentTypes.Count > 0 || limit.Paths.Count > 0 || limit.MinimumSize > 0);

    private static string From(bool isUpload, long rate, string scope, string sharedBy, bool isConditional) =>
        (isUpload ? "uploads " : "") + Units.FormatRate(rate)
        + scope switch
        {
            nameof(RateScope.Response) => "",
            nameof(RateScope.Total) => " in total",
            nameof(RateScope.Route) => " for the route as a whole",
            _ => $" for each {scope.ToLowerInvariant()}",
        }
        + (sharedBy == nameof(LimitSharing.Fleet) ? ", shared by the fleet" : "")
        + (isConditional ? " on conditions" : "");
}
