namespace DaemonProxy.Verification.Verifying;

/// <summary>How long bytes waited in the front end under a flush policy.</summary>
public sealed record FlushResult : LatencyResult
{
    /// <summary>The route's path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>The daemon group that serves it.</summary>
    public required string Daemon { get; init; }

    /// <summary><c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary><c>response-buffer-size</c> in force, bytes.</summary>
    public required long BufferSize { get; init; }

    /// <summary><c>response-flush-deadline</c> in force; zero: none.</summary>
    public required TimeSpan FlushDeadline { get; init; }
}
