namespace DaemonProxy.Verification;

/// <summary>How long bytes waited in the front end under a flush policy.</summary>
public sealed record FlushResult
{
    /// <summary>What the application did, for a person: <c>100 B every 50 ms</c>.</summary>
    public required string Workload { get; init; }

    /// <summary>The route's path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>The daemon group behind it.</summary>
    public required string Daemon { get; init; }

    /// <summary><c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary><c>response-buffer-size</c> in force, bytes.</summary>
    public required long BufferSize { get; init; }

    /// <summary><c>response-flush-deadline</c> in force; zero: none.</summary>
    public required TimeSpan FlushDeadline { get; init; }

    /// <summary>What <see cref="Latency"/> was measured by.</summary>
    public LatencySource LatencySource { get; init; }

    /// <summary>From the application's write to the client's receive; for headers, from the request to the head.</summary>
    public required LatencyDistribution Latency { get; init; }

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was as expected. That includes the original's long wait, where it was to be reproduced.</summary>
    public bool Passed { get; init; }

    /// <summary>What kept it from being measured, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
