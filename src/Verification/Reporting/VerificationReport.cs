using System.Globalization;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Display;
using DaemonProxy.Pacing;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>The results of a verification as a table for a terminal.</summary>
/// <remarks>Where the terminal is narrow, the columns that say least are left out.</remarks>
public static class VerificationReport
{
    /// <summary>A width that leaves nothing out: for files and other programs.</summary>
    public const int Unlimited = int.MaxValue;

    private const int SparklineCells = 20, LongestAddress = 30;

    /// <summary>The table of <see cref="RateLimitVerification"/>.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<RateLimitResult> results, int width = Unlimited)
    {
        var table = new TextTable(
            ("pacer", false), ("flush policy", false), ("configured", true), ("achieved", true), ("ratio", true), ("error", true),
            ("longest gap", true), ("first byte", true), ("rate over time", false), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                PacerTable.Get(result.Pacer).Name,
                $"{Units.FormatDuration(result.FlushDelay)} / {Units.FormatSize(result.BufferSize)}",
                Rate(result.ConfiguredRate, result.ConfiguredRate),
                Rate(result.AchievedRate, result.ConfiguredRate),
                Number(result.Ratio, "0.000"),
                Number(result.ErrorPercent, "+0.00;-0.00;0.00") + "%",
                Milliseconds(result.LongestGap),
                result.TimeToFirstByte is { } time ? Milliseconds(time) : "-",
                Sparkline.Draw(result.Samples, result.ConfiguredRate, SparklineCells),
                result.Expected,
                result.Interrupted ? "interrupted" : Verdict(result.Passed));
        }

        return table.Fit(width, "ratio", "first byte", "longest gap", "configured", "rate over time", "achieved", "expected")
            + Problems(results.Select(result => (result.Route, result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="ServerRateLimitVerification"/>.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<ServerRateLimitResult> results, int width = Unlimited)
    {
        var table = new TextTable(
            ("address", false), ("connections", true), ("rate", true), ("achieved", true), ("error", true), ("worst second", true),
                ("longest gap", true),
            ("first byte", true), ("fairness", true), ("rate over time", false), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                Address(result.Uri, width),
                result.Connections.ToString(CultureInfo.InvariantCulture),
                Rate(result.ConfiguredRate, result.ConfiguredRate),
                Rate(result.AchievedRate, result.ConfiguredRate),
                result.AchievedRate > 0 ? Number(result.ErrorPercent, "+0.00;-0.00;0.00") + "%" : "-",
                result.WorstWindowPercent is { } worst ? Number(worst, "+0.0;-0.0;0.0") + "%" : "-",
                result.LongestGap > TimeSpan.Zero ? Milliseconds(result.LongestGap) : "-",
                result.TimeToFirstByte is { } time ? Milliseconds(time) : "-",
                result.Connections > 1 ? Number(result.Fairness, "0.000") : "-",
                result.RateOverTime,
                result.Expected,
                result.Interrupted ? "interrupted" : Verdict(result.Passed));
        }

        return table.Fit(
            width, "rate over time", "first byte", "longest gap", "connections", "fairness", "expected", "worst second", "rate")
            + Problems(results.Select(result => (result.Uri.ToString(), result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="FlushVerification"/>.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<FlushResult> results, int width = Unlimited)
    {
        var table = new TextTable(
            ("application writes", false), ("flush delay", true), ("deadline", true), ("samples", true),
            ("p50", true), ("p99", true), ("max", true), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                result.Workload,
                Units.FormatDuration(result.FlushDelay),
                result.FlushDeadline > TimeSpan.Zero ? Units.FormatDuration(result.FlushDeadline) : "none",
                result.Latency.Count.ToString(CultureInfo.InvariantCulture),
                Milliseconds(result.Latency.P50),
                Milliseconds(result.Latency.P99),
                Milliseconds(result.Latency.Maximum),
                result.Expected,
                Verdict(result.Passed));
        }

        return table.Fit(width, "samples", "expected", "flush delay", "p50")
            + Problems(results.Select(result => ($"{result.Route}, {result.Workload}", result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="ServerFlushVerification"/>.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<ServerFlushResult> results, int width = Unlimited)
    {
        var table = new TextTable(
            ("address", false), ("application writes", false), ("measured by", false), ("samples", true), ("p50", true), ("p99", true),
                ("max", true),
            ("longest gap", true), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                Address(result.Uri, width),
                result.Workload,
                result.LatencySource.ToString(),
                result.Latency.Count.ToString(CultureInfo.InvariantCulture),
                Milliseconds(result.Latency.P50),
                Milliseconds(result.Latency.P99),
                Milliseconds(result.Latency.Maximum),
                Milliseconds(result.Gaps.Maximum),
                result.Expected,
                result.Interrupted ? "interrupted" : Verdict(result.Passed));
        }

        return table.Fit(width, "samples", "expected", "application writes", "longest gap", "measured by", "max")
            + Problems(results.Select(result => (result.Uri.ToString(), result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="FlushSweep"/>: what was predicted, then what was measured.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<FlushSweepResult> results, int width = Unlimited)
    {
        var whole = Sweep(results, withFlushes: true);
        return (whole.Width <= width ? whole : Sweep(results, withFlushes: false))
            + Problems(results.Select(result => (result.ShownDelay, result.Problem ?? result.NotMeasurable ?? Others(result))));
    }

    private static TextTable Sweep(IReadOnlyList<FlushSweepResult> results, bool withFlushes)
    {
        ReadOnlySpan<(string, bool)> flushes = withFlushes ? [("flushes/s", true), ("measured", true)] : [];
        var table = new TextTable(
        [
            ("delay", true), ("held p50", true), ("measured", true), ("held p99", true), ("measured", true), ("rate", true),
            ("measured", true), .. flushes, ("result", false),
        ]);
        foreach (var result in results)
        {
            string[] counted = withFlushes
                ? [Number(result.Predicted.FlushesPerSecond, "0.0"), Number(result.FlushesPerSecond, "0.0")] : [];
            table.Add(
            [
                result.ShownDelay,
                Milliseconds(result.Predicted.HeldP50),
                Milliseconds(result.HeldP50),
                Milliseconds(result.Predicted.HeldP99),
                Milliseconds(result.HeldP99),
                Share(result.Predicted.RateShare),
                Share(result.RateShare),
                .. counted,
                Verdict(result.Passed),
            ]);
        }

        return table;
    }

    private static string? Others(FlushSweepResult result) =>
        result.OtherRequests > 0 ? FlushSweepResult.OthersText(result.OtherRequests) : null;

    /// <summary>The address, or its end if the terminal is narrow: what tells one address from another is at its end.</summary>
    private static string Address(Uri uri, int width) =>
        $"{uri}" is var text && (width == Unlimited || text.Length <= LongestAddress) ? text : $"…{text[^(LongestAddress - 1)..]}";

    /// <summary>Advice, group by group.</summary>
    public static string Text(IReadOnlyList<FlushAdvice> advice) => string.Join(Environment.NewLine + Environment.NewLine, advice);

    /// <summary>The table of <see cref="EmbeddedVerification"/>.</summary>
    /// <param name="results">The results.</param>
    /// <param name="width">The most characters in a line.</param>
    public static string Text(IReadOnlyList<EmbeddedResult> results, int width = Unlimited)
    {
        var table = new TextTable(
            ("restrict-embedded", false), ("expected", false), ("embedded request got", false), ("front end", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                result.Scenario,
                $"{result.ExpectedStatus} {result.ExpectedEvent ?? "(no event)"}",
                result.Skipped is not null
                    ? "-" : $"{(result.ActualStatus == 0 ? "no answer" : result.ActualStatus.ToString(CultureInfo.InvariantCulture))} "
                    + $"{result.ActualEvent ?? "(no event)"}",
                result.Skipped is not null ? "-" : result.Survived ? "serves on" : "GONE",
                result.Skipped is not null ? "skipped" : Verdict(result.Passed));
        }

        return table.Fit(width, "front end") + Problems(
            results.Select(result => (result.Scenario, result.Skipped is { } reason ? $"skipped: {reason}" : result.Problem)));
    }

    private static string Verdict(bool? passed) => passed switch { true => "ok", false => "FAILED", null => "not measurable" };

    /// <summary>Formats both rates of a row in the unit of the configured one, so that they can be compared at a glance.</summary>
    private static string Rate(double bytesPerSecond, long configured) => configured >= 1 << 20
        ? Number(bytesPerSecond / (1 << 20), "0.000") + " MiB/s"
        : Number(bytesPerSecond / (1 << 10), "0.00") + " KiB/s";

    private static string Share(double? share) => share is { } part ? Number(part * 100, "0.0") + "%" : "";

    private static string Milliseconds(TimeSpan? time) => time is { } known ? Milliseconds(known) : "-";

    private static string Milliseconds(TimeSpan time) => Number(time.TotalMilliseconds, "0.0") + " ms";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Problems(IEnumerable<(string Subject, string? Problem)> results)
    {
        var text = new StringBuilder();
        foreach (var (subject, problem) in results)
        {
            if (problem is not null)
                text.AppendLine(CultureInfo.InvariantCulture, $"{subject}: {problem}");
        }

        return text.Length == 0 ? "" : Environment.NewLine + text;
    }
}
