using DaemonProxy.Configuration;

namespace DaemonProxy.Verification;

/// <summary>What one route achieved of its rate.</summary>
public sealed record RateLimitResult
{
    /// <summary>The route's path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>The daemon group behind it.</summary>
    public required string Daemon { get; init; }

    /// <summary>The pacer.</summary>
    public required PacerKind Pacer { get; init; }

    /// <summary><c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary><c>response-buffer-size</c> in force, bytes.</summary>
    public required long BufferSize { get; init; }

    /// <summary>The configured rate, bytes/s.</summary>
    public required long ConfiguredRate { get; init; }

    /// <summary>The achieved rate, bytes/s, over whole bursts: see the remarks of <see cref="RateLimitVerification"/>. 0 when there was none to measure.</summary>
    public double AchievedRate { get; init; }

    /// <summary>Achieved / configured.</summary>
    public double Ratio { get; init; }

    /// <summary>Achieved against configured, in percent; negative: too slow.</summary>
    public double ErrorPercent { get; init; }

    /// <summary>The longest time between two receives of body bytes.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>From the request to the first body byte; null when none came.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>Body bytes measured.</summary>
    public long Bytes { get; init; }

    /// <summary>The time they took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The bytes over time, at most 1,000 points, from the first byte on.</summary>
    public IReadOnlyList<ArrivedBytes> Samples { get; init; } = [];

    /// <summary>Bytes in each whole second; a write counts as spread over the pause behind it where the typical pause is at most 250 ms.</summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>Bytes in the busiest second, whenever it begins; null when not a second was measured.</summary>
    public double? BusiestSecond { get; init; }

    /// <summary>The longest time between two receives that ended in each of 120 equal parts of the time.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; init; } = [];

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was as expected. That includes the defect before 6.0.2, where it was to be reproduced.</summary>
    public bool Passed { get; init; }

    /// <summary>What kept it from being measured, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
