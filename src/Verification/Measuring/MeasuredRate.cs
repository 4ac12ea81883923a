namespace DaemonProxy.Verification.Measuring;

/// <summary>What one connection achieved.</summary>
public record MeasuredRate
{
    /// <summary>
    /// Bytes/s, over whole bursts; 0 when there was no rate to measure. Of several connections: their mean or, under a shared limit, their
    /// sum.
    /// </summary>
    public double AchievedRate { get; init; }

    /// <summary>Against the rate expected, in percent; negative: too slow.</summary>
    public double ErrorPercent { get; init; }

    /// <summary>The longest time between two receives of body bytes, on any connection.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>From the request to the first body byte, on the slowest connection; null when none came.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>Body bytes measured, of all connections.</summary>
    public long Bytes { get; init; }

    /// <summary>The time they took, on the longest connection.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>
    /// Bytes in each whole second since the first byte, the mean of the connections or, if the rate is shared, their sum. A write counts as
    /// spread over the pause that follows it where the typical pause is at most 250 ms, so that a steady server's seconds are not
    /// unequal by a write; bursts further apart count at the moment they came.
    /// </summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>
    /// Bytes in the busiest second, of any connection or of the sum if the rate is shared, whenever it begins; null when not a second was
    /// measured.
    /// </summary>
    public double? BusiestSecond { get; init; }

    /// <summary>What went wrong, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
