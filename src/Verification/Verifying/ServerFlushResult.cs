using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How long the pieces of a dripping response were on their way.</summary>
public sealed record ServerFlushResult : LatencyResult
{
    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The time between two receives.</summary>
    public required LatencyDistribution Gaps { get; init; }

    /// <summary>The time between two writes that <see cref="LatencySource.Gaps"/> counts from; null otherwise.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>From the request to the head of the response; null when none came.</summary>
    public TimeSpan? TimeToHead { get; init; }

    /// <summary>Body bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether it was ended before its time; the figures are of what came until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>What kind of thing kept it from being measured.</summary>
    public MeasurementFailure Failure { get; init; }
}
