using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How long an application's output was on its way, and the verdict on it.</summary>
public abstract record LatencyResult
{
    /// <summary>What the application did, as text for people: <c>100 B every 50 ms</c>; <c>as it comes</c> if it is not known.</summary>
    public required string Workload { get; init; }

    /// <summary>How <see cref="Latency"/> was measured.</summary>
    public string LatencySource { get; init; } = nameof(Measuring.LatencySource.None);

    /// <summary>
    /// The time from the application's write to the client's receive, or the closest measurable time (see <see cref="LatencySource"/>); for
    /// headers, from the request to the head of the response.
    /// </summary>
    public required LatencyDistribution Latency { get; init; }

    /// <summary>What was expected, as text for people.</summary>
    public required string Expected { get; init; }

    /// <summary>
    /// Whether the latency was as expected. If the original's long wait was to be reproduced, that includes the long wait. Null if the
    /// machine was too busy to tell: see <see cref="NotMeasurable"/>.
    /// </summary>
    public bool? Passed { get; init; } = false;

    /// <summary>Why there is no verdict, in one sentence: the machine was disturbed in the same seconds. Null if there is one.</summary>
    public string? NotMeasurable { get; init; }

    /// <summary>What prevented the measurement, in one sentence; null if nothing did.</summary>
    public string? Problem { get; init; }
}
