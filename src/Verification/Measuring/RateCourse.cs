namespace DaemonProxy.Verification.Measuring;

/// <summary>A measured rate, beside the rate that was expected, and its course over time: what a chart is drawn from.</summary>
public record RateCourse : MeasuredRate
{
    /// <summary>The rate expected, bytes/s.</summary>
    public long ConfiguredRate { get; init; }

    /// <summary>Achieved / configured.</summary>
    public double Ratio { get; init; }

    /// <summary>The bytes over time, at most 1,000 points, from the first byte on.</summary>
    public IReadOnlyList<ArrivedBytes> Samples { get; init; } = [];

    /// <summary>The longest time between two receives that ended in each of 120 equal parts of the time.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; init; } = [];
}
