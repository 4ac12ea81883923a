using System.Globalization;

namespace DaemonProxy.Verification.Measuring;

/// <summary>What is told of many latencies.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="P50">The median.</param>
/// <param name="P99">99 of 100 are no longer.</param>
/// <param name="Maximum">The longest.</param>
public sealed record LatencyDistribution(int Count, TimeSpan P50, TimeSpan P99, TimeSpan Maximum)
{
    /// <summary>Percentiles by nearest rank: each is a latency that was measured. All zero for none.</summary>
    internal static LatencyDistribution From(IEnumerable<TimeSpan> latencies)
    {
        TimeSpan[] sorted = [.. latencies.Order()];
        return sorted.Length == 0
            ? new LatencyDistribution(0, default, default, default)
            : new LatencyDistribution(sorted.Length, At(sorted, 0.50), At(sorted, 0.99), sorted[^1]);
    }

    /// <summary>In words, for lists of results of several kinds: <c>median 5.6 ms, 99% within 8.7 ms, longest 21.4 ms</c>.</summary>
    public override string ToString() =>
        Count == 0 ? "none" : $"median {Text(P50)}, 99% within {Text(P99)}, longest {Text(Maximum)}";

    private static string Text(TimeSpan time) => time.TotalMilliseconds.ToString("0.0 ms", CultureInfo.InvariantCulture);

    private static TimeSpan At(TimeSpan[] sorted, double fraction) => sorted[(int)Math.Ceiling(fraction * sorted.Length) - 1];
}
