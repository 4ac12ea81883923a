using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>A measured rate with the words that describe it on a page, whatever was measured.</summary>
/// <param name="Result">The figures.</param>
/// <param name="Title">What was measured: an address, or a route and its pacer.</param>
/// <param name="Circumstances">How it was measured, as text for people.</param>
/// <param name="ShortName">A few characters that distinguish it from the others in a chart.</param>
/// <param name="WorstWindowPercent">How far the worst second deviates from the rate, in percent.</param>
/// <param name="Fairness">The slowest share / the fastest; null if there is one connection.</param>
internal sealed record ReportedRate(
    RateResult Result, string Title, string Circumstances, string ShortName, double? WorstWindowPercent, double? Fairness = null)
{
    /// <summary>From a server's result.</summary>
    public static ReportedRate From(ServerRateLimitResult result)
    {
        var connections = result.Connections == 1 ? "1 connection"
            : result.Shared ? $"{result.Connections} connections under one limit: their sum"
            : $"{result.Connections} connections: their mean";
        return new(
            result,
            result.Uri.ToString(),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{connections}, {result.StartTime:yyyy-MM-dd HH:mm:ss zzz}{(result.Interrupted ? ", interrupted" : "")}"),
            (result.Uri.IsDefaultPort ? result.Uri.Host : result.Uri.Authority) + result.Uri.PathAndQuery,
            result.WorstWindowPercent,
            result.Connections > 1 && result.AchievedRate > 0 ? result.Fairness : null);
    }

    /// <summary>From a route's result.</summary>
    public static ReportedRate From(RateLimitResult result) => new(
        result,
        $"{result.Route}: {PacerTable.Get(result.Pacer).Name}",
        $"daemon {result.Daemon}, flush delay {Units.FormatDuration(result.FlushDelay)}, buffer {Units.FormatSize(result.BufferSize)}",
        result.Route,
        result.Windows.Count == 0
            ? null : result.Windows.Select(window => ((double)window / result.ConfiguredRate - 1) * 100).MaxBy(Math.Abs));
}
