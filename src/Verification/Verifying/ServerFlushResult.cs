using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How long the pieces of a dripping response were on their way.</summary>
public sealed record ServerFlushResult : LatencyResult
{
    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The time between two receives.</summary>
    public required LatencyDistribution Gaps { get; init; }

    /// <summary>The time between two writes on which <see cref="LatencySource.Gaps"/> is based; null for other sources.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>The time from the request to the head of the response; null if none arrived.</summary>
    public TimeSpan? TimeToHead { get; init; }

    /// <summary>The number of body bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether the measurement was ended early; the figures cover what arrived until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>The kind of problem that prevented the measurement.</summary>
    public string Failure { get; init; } = nameof(MeasurementFailure.None);
}
