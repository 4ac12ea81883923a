using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Display;

/// <summary>The rate limits of a route in one cell of a table: the first of its responses, and the first of its uploads if there is one.
/// </summary>
public static class RateLimitText
{
    /// <summary>Writes the limits of a route: <c>none</c>, <c>400KiB/s</c>, or <c>400KiB/s, uploads 1MiB/s</c>.</summary>
    public static string From(RouteStatus route)
    {
        var download = route.RateLimits[0].Rate is > 0 and var rate ? Units.FormatRate(rate) : "none";
        return route.UploadRateLimits is [{ Rate: > 0 and var upload }, ..] ? $"{download}, uploads {Units.FormatRate(upload)}" : download;
    }
}
