namespace DaemonProxy.Verification.Servers;

/// <summary>What one connection achieved.</summary>
public sealed record ConnectionResult
{
    /// <summary>Bytes/s; 0 when there was no rate to measure.</summary>
    public double AchievedRate { get; init; }

    /// <summary>Against the rate of one connection, in percent; negative: too slow.</summary>
    public double ErrorPercent { get; init; }

    /// <summary>The longest time between two receives.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>From the request to the first body byte; null when none came.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>Body bytes measured.</summary>
    public long Bytes { get; init; }

    /// <summary>The time they took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Bytes in each whole second.</summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>Bytes in the busiest second, whenever it begins; null when not a second was measured.</summary>
    public double? BusiestSecond { get; init; }

    /// <summary>What went wrong, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
