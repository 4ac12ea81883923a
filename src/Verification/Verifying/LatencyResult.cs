using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How long what an application has written was on its way, and the verdict on it.</summary>
public abstract record LatencyResult
{
    /// <summary>What the application did, for a person: <c>100 B every 50 ms</c>; <c>as it comes</c> where it is not known.</summary>
    public required string Workload { get; init; }

    /// <summary>What <see cref="Latency"/> was measured by.</summary>
    public LatencySource LatencySource { get; init; }

    /// <summary>
    /// From the application's write to the client's receive, or what comes nearest (see <see cref="LatencySource"/>); for headers, from the
    /// request to the head.
    /// </summary>
    public required LatencyDistribution Latency { get; init; }

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>
    /// Whether it was as expected. That includes the original's long wait, where it was to be reproduced. Null when the machine was too
    /// busy to tell: see <see cref="NotMeasurable"/>.
    /// </summary>
    public bool? Passed { get; init; } = false;

    /// <summary>
    /// Why it can be neither as expected nor not, one sentence: the machine was disturbed in the same seconds. Null when it can.
    /// </summary>
    public string? NotMeasurable { get; init; }

    /// <summary>What kept it from being measured, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
