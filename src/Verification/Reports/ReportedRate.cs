using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Servers;

namespace DaemonProxy.Verification.Reports;

/// <summary>One measured rate as a report shows it, whatever was measured.</summary>
internal sealed record ReportedRate
{
    /// <summary>What was measured: an address, or a route and its pacer.</summary>
    public required string Title { get; init; }

    /// <summary>How it was measured, for a person.</summary>
    public required string Circumstances { get; init; }

    /// <summary>A few characters that tell it from the others in a chart.</summary>
    public required string ShortName { get; init; }

    /// <summary>Bytes/s.</summary>
    public required long ConfiguredRate { get; init; }

    /// <summary>Bytes/s; 0 when there was none to measure.</summary>
    public required double AchievedRate { get; init; }

    /// <summary>In percent.</summary>
    public required double ErrorPercent { get; init; }

    /// <summary>The worst second's distance from the rate, in percent.</summary>
    public double? WorstWindowPercent { get; init; }

    /// <summary>Bytes in the busiest second.</summary>
    public double? BusiestSecond { get; init; }

    /// <summary>The longest time between two receives.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>From the request to the first body byte.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>The slowest share / the fastest; null with one connection.</summary>
    public double? Fairness { get; init; }

    /// <summary>The time measured.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The bytes over time.</summary>
    public IReadOnlyList<ArrivedBytes> Samples { get; init; } = [];

    /// <summary>Bytes in each whole second.</summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>The longest gap in each of equal parts of the time.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; init; } = [];

    /// <summary>What was expected.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was as expected.</summary>
    public bool Passed { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Problem { get; init; }

    /// <summary>From a server's result.</summary>
    public static ReportedRate Of(ServerRateLimitResult result) => new()
    {
        Title = result.Uri.ToString(),
        Circumstances = string.Create(CultureInfo.InvariantCulture,
            $"{(result.Connections == 1 ? "1 connection" : result.Shared ? $"{result.Connections} connections under one limit: their sum" : $"{result.Connections} connections: their mean")}, {result.StartTime:yyyy-MM-dd HH:mm:ss zzz}{(result.Interrupted ? ", interrupted" : "")}"),
        ShortName = result.Uri.IsDefaultPort ? result.Uri.Host + result.Uri.AbsolutePath : $"{result.Uri.Authority}{result.Uri.AbsolutePath}",
        ConfiguredRate = result.ConfiguredRate,
        AchievedRate = result.AchievedRate,
        ErrorPercent = result.ErrorPercent,
        WorstWindowPercent = result.WorstWindowPercent,
        BusiestSecond = result.BusiestSecond,
        LongestGap = result.LongestGap,
        TimeToFirstByte = result.TimeToFirstByte,
        Fairness = result.Connections > 1 && result.AchievedRate > 0 ? result.Fairness : null,
        Duration = result.Duration,
        Samples = result.Samples,
        Windows = result.Windows,
        Gaps = result.Gaps,
        Expected = result.Expected,
        Passed = result.Passed,
        Problem = result.Problem,
    };

    /// <summary>From a route's result.</summary>
    public static ReportedRate Of(RateLimitResult result) => new()
    {
        Title = $"{result.Route}: {VerificationReport.PacerName(result.Pacer)}",
        Circumstances = $"daemon {result.Daemon}, flush delay {Units.FormatDuration(result.FlushDelay)}, buffer {Units.FormatSize(result.BufferSize)}",
        ShortName = result.Route,
        ConfiguredRate = result.ConfiguredRate,
        AchievedRate = result.AchievedRate,
        ErrorPercent = result.ErrorPercent,
        WorstWindowPercent = result.Windows.Count == 0 ? null : result.Windows.Select(window => ((double)window / result.ConfiguredRate - 1) * 100).MaxBy(Math.Abs),
        BusiestSecond = result.BusiestSecond,
        LongestGap = result.LongestGap,
        TimeToFirstByte = result.TimeToFirstByte,
        Duration = result.Duration,
        Samples = result.Samples,
        Windows = result.Windows,
        Gaps = result.Gaps,
        Expected = result.Expected,
        Passed = result.Passed,
        Problem = result.Problem,
    };
}
