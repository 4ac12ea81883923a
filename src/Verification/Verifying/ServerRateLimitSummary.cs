using System.Globalization;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Combines what many connections saw into one result: pure arithmetic.</summary>
internal static class ServerRateLimitSummary
{
    private const int SparklineCells = 20;

    /// <summary>The number of points in a chart of several connections.</summary>
    private const int ChartPoints = 240;

    /// <summary>The result if nothing was measured.</summary>
    public static ServerRateLimitResult Failed(
        ServerRateLimitOptions options, DateTimeOffset startTime, MeasurementFailure failure, string problem) =>
        Empty(options, startTime) with { Problem = problem, Failure = failure.ToString() };

    /// <summary>The result of connections that have ended.</summary>
    public static ServerRateLimitResult From(
        ServerRateLimitOptions options, DateTimeOffset startTime, IReadOnlyList<StampedConnection> connections, bool isInterrupted)
    {
        var share = (double)options.Rate / (options.Shared ? options.Connections : 1);
        var details = new List<MeasuredRate>(connections.Count);
        var curves = new List<PacingCurve>(connections.Count);
        RateCourse? only = null;
        var gaps = new TimeSpan[RateMeasurement.GapSlices];
        foreach (var connection in connections)
        {
            var (measured, curve) = RateMeasurement.Measure(connection.Recorder!.Arrivals(), Math.Max(1, (long)share), 0, options.Duration);
            details.Add(Detail(connection, measured, share, options, isInterrupted));
            if (curve is not null)
                curves.Add(curve);
            for (var i = 0; i < measured.Gaps.Count; i++)
                gaps[i] = measured.Gaps[i] > gaps[i] ? measured.Gaps[i] : gaps[i];
            only = connections.Count == 1 ? measured : null;
        }

        var rated = details.Where(detail => detail.AchievedRate > 0).ToList();
        var failed = details.FindAll(detail => detail.Problem is not null);
        if (rated.Count == 0)
        {
            var first = connections.FirstOrDefault(connection => connection.Failure != MeasurementFailure.None);
            return Empty(options, startTime) with
            {
                Details = details,
                Bytes = details.Sum(detail => detail.Bytes),
                TimeToFirstByte = details.Max(detail => detail.TimeToFirstByte),
                Interrupted = isInterrupted,
                Failure = (first?.Failure ?? MeasurementFailure.TooShort).ToString(),
                Problem = first?.Problem ?? (failed.Count > 0 ? failed[0].Problem : "Interrupted before there was a rate to measure."),
            };
        }

        var combine = options.Shared ? (Func<IEnumerable<double>, double>)Enumerable.Sum : Enumerable.Average;
        var achieved = combine(rated.Select(detail => detail.AchievedRate));
        var shortest = rated.Min(detail => detail.Duration);
        var windows = Enumerable.Range(0, rated.Min(detail => detail.Windows.Count))
            .Select(i => combine(rated.Select(detail => (double)detail.Windows[i]))).ToArray();
        var samples = only?.Samples ?? Samples(curves, combine, shortest);
        var sum = options.Shared ? new PacingCurve(samples, shortest) : null;
        var error = achieved / options.Rate - 1;
        var within = details.Count(detail => detail.AchievedRate > 0 && Math.Abs(detail.ErrorPercent) <= options.Tolerance * 100);
        return Empty(options, startTime) with
        {
            AchievedRate = achieved,
            Ratio = achieved / options.Rate,
            ErrorPercent = error * 100,
            ConnectionsWithin = within,
            Fairness = rated.Count == connections.Count
                ? rated.Min(detail => detail.AchievedRate) / rated.Max(detail => detail.AchievedRate) : 0,
            LongestGap = rated.Max(detail => detail.LongestGap),
            TimeToFirstByte = rated.Max(detail => detail.TimeToFirstByte),
            Windows = [.. windows.Select(window => (long)Math.Round(window))],
            WorstWindowPercent = Worst(
                options.Shared ? windows : rated.SelectMany(detail => detail.Windows.Select(window => (double)window)), options.Rate),
            BusiestSecond = sum is not null ? sum.BusiestSecond() : rated.Max(detail => detail.BusiestSecond),
            RateOverTime = Sparkline.Draw(
                only is not null ? curves[0] : new PacingCurve(samples, shortest), shortest, options.Rate, SparklineCells),
            Bytes = rated.Sum(detail => detail.Bytes),
            Duration = rated.Max(detail => detail.Duration),
            Samples = samples,
            Gaps = gaps,
            Details = details,
            Passed = !isInterrupted && failed.Count == 0 && rated.Count == options.Connections && Math.Abs(error) <= options.Tolerance
                && (options.Shared || within == options.Connections),
            Interrupted = isInterrupted,
            Failure = (failed.Count == 0
                ? MeasurementFailure.None
                : connections.Select(connection => connection.Failure)
                .FirstOrDefault(failure => failure != MeasurementFailure.None, MeasurementFailure.TooShort)).ToString(),
            Problem = failed.Count == 0
                ? null : connections.Count == 1
                ? failed[0].Problem : $"{failed.Count} of {connections.Count} connections failed: {failed[0].Problem}",
        };
    }

    /// <summary>A result with nothing but what was asked for.</summary>
    public static ServerRateLimitResult Empty(ServerRateLimitOptions options, DateTimeOffset startTime) => new()
    {
        Uri = options.Uri,
        StartTime = startTime,
        ConfiguredRate = options.Rate,
        Direction = options.Direction.ToString(),
        Shared = options.Shared,
        Connections = options.Connections,
        Expected = string.Create(
            CultureInfo.InvariantCulture,
            $"{(options.Shared ? "in all " : options.Connections > 1 ? "each " : "")}within {options.Tolerance * 100:0.###}%"),
    };

    /// <summary>One connection's figures, without their course over time, which nobody looks at for thousands of connections.</summary>
    private static MeasuredRate Detail(
        StampedConnection connection, RateCourse measured, double share, ServerRateLimitOptions options, bool isInterrupted) => new()
        {
            AchievedRate = measured.AchievedRate,
            ErrorPercent = (measured.AchievedRate / share - 1) * 100,
            LongestGap = connection.Recorder!.LongestGap,
            TimeToFirstByte = connection.TimeToFirstByte,
            Bytes = measured.Bytes,
            Duration = measured.Duration,
            Windows = measured.Windows,
            BusiestSecond = measured.BusiestSecond,
            Problem = connection.Problem
                ?? (isInterrupted || connection.Recorder!.IsEnough ? null : TooShort(connection, measured, options)),
        };

    private static string? TooShort(StampedConnection connection, RateCourse measured, ServerRateLimitOptions options)
    {
        if (connection.BodyBytes == 0)
            return $"{options.Uri} answers with an empty body; measure an address that sends more.";
        if (options.Skip > 0 && !connection.Recorder!.HasBegun)
            return $"The body ended after {connection.BodyBytes} bytes, within the {options.Skip} that were to be left out.";
        // A body that ends with the duration has no burst after it, and is measured up to its last one.
        var missing = options.Duration - measured.Duration;
        if (measured.AchievedRate > 0 && missing < options.Duration / 4)
            return null;
        return measured.AchievedRate > 0
            ? string.Create(
            CultureInfo.InvariantCulture,
            $"The body ended after {connection.BodyBytes} bytes, {measured.Duration.TotalSeconds:0.0} s of "
            + $"{options.Duration.TotalSeconds:0.#} s; measure a longer one, or for a shorter time.")
            : $"All {connection.BodyBytes} bytes came in one burst, which has no rate; measure a longer body.";
    }

    private static double? Worst(IEnumerable<double> windows, long rate)
    {
        double? worst = null;
        foreach (var window in windows)
        {
            var off = (window / rate - 1) * 100;
            if (worst is null || Math.Abs(off) > Math.Abs(worst.Value))
                worst = off;
        }

        return worst;
    }

    private static List<ArrivedBytes> Samples(List<PacingCurve> curves, Func<IEnumerable<double>, double> combine, TimeSpan duration) =>
        [.. Enumerable.Range(0, ChartPoints + 1).Select(i => duration * i / ChartPoints)
            .Select(time => new ArrivedBytes(time, (long)combine(curves.Select(curve => curve.BytesAt(time)))))];
}
