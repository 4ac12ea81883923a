namespace DaemonProxy.Verification.Servers;

/// <summary>What the responses of one address achieved of their rate.</summary>
public sealed record ServerRateLimitResult
{
    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>When the measurement began.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>The rate expected, bytes/s: of each response or, if <see cref="Shared"/>, of all together.</summary>
    public required long ConfiguredRate { get; init; }

    /// <summary>Whether the rate is that of all connections together.</summary>
    public bool Shared { get; init; }

    /// <summary>Connections at the same time.</summary>
    public required int Connections { get; init; }

    /// <summary>How many of them achieved a rate within the tolerance, or, if the rate is shared, an equal share within it.</summary>
    public int ConnectionsWithin { get; init; }

    /// <summary>The achieved rate, bytes/s, over whole bursts: the mean of the connections or, if the rate is shared, their sum. 0 when there was none to measure.</summary>
    public double AchievedRate { get; init; }

    /// <summary>Achieved / configured.</summary>
    public double Ratio { get; init; }

    /// <summary>Achieved against configured, in percent; negative: too slow.</summary>
    public double ErrorPercent { get; init; }

    /// <summary>The share of the slowest connection / that of the fastest: 1 is perfectly fair.</summary>
    public double Fairness { get; init; }

    /// <summary>The longest time between two receives of body bytes, on any connection.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>From the request to the first body byte, on the slowest connection; null when none came.</summary>
    public TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>
    /// Bytes in each whole second since the first byte, the mean of the connections or, if the rate is shared, their sum. A write counts as spread
    /// over the pause behind it where the typical pause is at most 250 ms, so that a steady server's seconds are not
    /// unequal by a write; bursts further apart count at the moment they came.
    /// </summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>How far the worst of these seconds is from the rate, in percent: of every connection, or of the sum if the rate is shared.</summary>
    public double? WorstWindowPercent { get; init; }

    /// <summary>Bytes in the busiest second of any connection, or of the sum if the rate is shared, whenever it begins; null when not a second was measured.</summary>
    public double? BusiestSecond { get; init; }

    /// <summary>The rate over time as a line of blocks, the configured one two thirds high.</summary>
    public string RateOverTime { get; init; } = "";

    /// <summary>Body bytes measured, of all connections.</summary>
    public long Bytes { get; init; }

    /// <summary>The time they took, on the longest connection.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The bytes over time, at most 1,000 points, from the first byte on: the mean of the connections, or their sum if the rate is shared.</summary>
    public IReadOnlyList<ArrivedBytes> Samples { get; init; } = [];

    /// <summary>The longest time between two receives, on any connection, that ended in each of 120 equal parts of the time.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; init; } = [];

    /// <summary>What each connection achieved.</summary>
    public IReadOnlyList<ConnectionResult> Details { get; init; } = [];

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was as expected, of every connection.</summary>
    public bool Passed { get; init; }

    /// <summary>Whether it was ended before its time; the figures are of what was measured until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>What kept it from being measured whole, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }

    /// <summary>What kind of thing kept it from being measured.</summary>
    public ServerFailure Failure { get; init; }
}
