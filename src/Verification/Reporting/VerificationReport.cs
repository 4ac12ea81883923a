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
public static class VerificationReport
{
    private const int SparklineCells = 20;

    /// <summary>The table of <see cref="RateLimitVerification"/>.</summary>
    public static string Text(IReadOnlyList<RateLimitResult> results)
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

        return table + Problems(results.Select(result => (result.Route, result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="ServerRateLimitVerification"/>.</summary>
    public static string Text(IReadOnlyList<ServerRateLimitResult> results)
    {
        var table = new TextTable(
            ("address", false), ("connections", true), ("rate", true), ("achieved", true), ("error", true), ("worst second", true),
                ("longest gap", true),
            ("first byte", true), ("fairness", true), ("rate over time", false), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                result.Uri.ToString(),
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

        return table + Problems(results.Select(result => (result.Uri.ToString(), result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="FlushVerification"/>.</summary>
    public static string Text(IReadOnlyList<FlushResult> results)
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

        return table + Problems(results.Select(result => ($"{result.Route}, {result.Workload}", result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="ServerFlushVerification"/>.</summary>
    public static string Text(IReadOnlyList<ServerFlushResult> results)
    {
        var table = new TextTable(
            ("address", false), ("application writes", false), ("measured by", false), ("samples", true), ("p50", true), ("p99", true),
                ("max", true),
            ("longest gap", true), ("expected", false), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                result.Uri.ToString(),
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

        return table + Problems(results.Select(result => (result.Uri.ToString(), result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>The table of <see cref="FlushSweep"/>: what was predicted, then what was measured.</summary>
    public static string Text(IReadOnlyList<FlushSweepResult> results)
    {
        var table = new TextTable(
            ("delay", true), ("held p50", true), ("measured", true), ("held p99", true), ("measured", true), ("rate", true),
                ("measured", true), ("flushes/s", true), ("measured", true), ("result", false));
        foreach (var result in results)
        {
            table.Add(
                result.ShownDelay,
                Milliseconds(result.Predicted.HeldP50),
                Milliseconds(result.HeldP50),
                Milliseconds(result.Predicted.HeldP99),
                Milliseconds(result.HeldP99),
                Share(result.Predicted.RateShare),
                Share(result.RateShare),
                Number(result.Predicted.FlushesPerSecond, "0.0"),
                Number(result.FlushesPerSecond, "0.0"),
                Verdict(result.Passed));
        }

        return table + Problems(results.Select(result => (result.ShownDelay, result.Problem ?? result.NotMeasurable)));
    }

    /// <summary>Advice, group by group.</summary>
    public static string Text(IReadOnlyList<FlushAdvice> advice) => string.Join(Environment.NewLine + Environment.NewLine, advice);

    /// <summary>The table of <see cref="EmbeddedVerification"/>.</summary>
    public static string Text(IReadOnlyList<EmbeddedResult> results)
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

        return table + Problems(
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
