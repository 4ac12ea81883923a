namespace DaemonProxy.Verification.Servers;

/// <summary>How long the pieces of a dripping response were on their way.</summary>
public sealed record ServerFlushResult
{
    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>What the application did, for a person; <c>as it comes</c> where it is not known.</summary>
    public required string Workload { get; init; }

    /// <summary>What <see cref="Latency"/> was measured by.</summary>
    public LatencySource LatencySource { get; init; }

    /// <summary>From the writing of each piece to its receive, or what comes nearest: see <see cref="LatencySource"/>.</summary>
    public required LatencyDistribution Latency { get; init; }

    /// <summary>The time between two receives.</summary>
    public required LatencyDistribution Gaps { get; init; }

    /// <summary>The time between two writes that <see cref="LatencySource.Gaps"/> counts from; null otherwise.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>From the request to the head of the response; null when none came.</summary>
    public TimeSpan? TimeToHead { get; init; }

    /// <summary>Body bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was as expected.</summary>
    public bool Passed { get; init; }

    /// <summary>Whether it was ended before its time; the figures are of what came until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>What kept it from being measured, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }

    /// <summary>What kind of thing kept it from being measured.</summary>
    public ServerFailure Failure { get; init; }
}
