using DaemonProxy.Pacing;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What one route achieved of its rate.</summary>
public sealed record RateLimitResult : RateResult
{
    /// <summary>Begins with nothing measured.</summary>
    public RateLimitResult()
    {
    }

    internal RateLimitResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>The route's path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>The daemon group that serves it.</summary>
    public required string Daemon { get; init; }

    /// <summary>The pacer.</summary>
    public required PacerKind Pacer { get; init; }

    /// <summary><c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary><c>response-buffer-size</c> in force, bytes.</summary>
    public required long BufferSize { get; init; }
}
