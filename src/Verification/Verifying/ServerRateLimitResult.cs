using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How closely the responses of one address kept to their rate.</summary>
public sealed record ServerRateLimitResult : RateResult
{
    /// <summary>Creates a result with nothing measured.</summary>
    public ServerRateLimitResult()
    {
    }

    internal ServerRateLimitResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>Whether responses or uploads were measured.</summary>
    public string Direction { get; init; } = nameof(RateDirection.Download);

    /// <summary>When the measurement began.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>Whether the rate is the total of all connections.</summary>
    public bool Shared { get; init; }

    /// <summary>The number of simultaneous connections.</summary>
    public required int Connections { get; init; }

    /// <summary>How many connections kept to the rate within the tolerance, or, if the rate is shared, to an equal share of it.</summary>
    public int ConnectionsWithin { get; init; }

    /// <summary>The slowest connection's share divided by the fastest one's: 1 is perfectly fair.</summary>
    public double Fairness { get; init; }

    /// <summary>
    /// How far the worst second deviates from the rate, in percent: on any connection, or in the total if the rate is shared.
    /// </summary>
    public double? WorstWindowPercent { get; init; }

    /// <summary>The rate over time as a line of block characters, with the configured rate at two thirds of the height.</summary>
    public string RateOverTime { get; init; } = "";

    /// <summary>What each connection achieved.</summary>
    public IReadOnlyList<MeasuredRate> Details { get; init; } = [];

    /// <summary>The kind of problem that prevented the measurement.</summary>
    public string Failure { get; init; } = nameof(MeasurementFailure.None);
}
