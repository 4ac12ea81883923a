using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What the responses of one address achieved of their rate.</summary>
public sealed record ServerRateLimitResult : RateResult
{
    /// <summary>Begins with nothing measured.</summary>
    public ServerRateLimitResult()
    {
    }

    internal ServerRateLimitResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>When the measurement began.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>Whether the rate is that of all connections together.</summary>
    public bool Shared { get; init; }

    /// <summary>Connections at the same time.</summary>
    public required int Connections { get; init; }

    /// <summary>How many of them achieved a rate within the tolerance, or, if the rate is shared, an equal share within it.</summary>
    public int ConnectionsWithin { get; init; }

    /// <summary>The share of the slowest connection / that of the fastest: 1 is perfectly fair.</summary>
    public double Fairness { get; init; }

    /// <summary>
    /// How far the worst of the seconds is from the rate, in percent: of every connection, or of the sum if the rate is shared.
    /// </summary>
    public double? WorstWindowPercent { get; init; }

    /// <summary>The rate over time as a line of blocks, the configured one two thirds high.</summary>
    public string RateOverTime { get; init; } = "";

    /// <summary>What each connection achieved.</summary>
    public IReadOnlyList<MeasuredRate> Details { get; init; } = [];

    /// <summary>Whether it was ended before its time; the figures are of what was measured until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>What kind of thing kept it from being measured.</summary>
    public MeasurementFailure Failure { get; init; }
}
