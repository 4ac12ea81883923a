using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How closely one route kept to its rate.</summary>
public sealed record RateLimitResult : RateResult
{
    /// <summary>Creates a result with nothing measured.</summary>
    public RateLimitResult()
    {
    }

    internal RateLimitResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>The route's path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>Whether responses or uploads were measured.</summary>
    public string Direction { get; init; } = nameof(RateDirection.Download);

    /// <summary>The daemon group that serves it.</summary>
    public required string Daemon { get; init; }

    /// <summary>The pacer.</summary>
    public required string Pacer { get; init; }

    /// <summary>The <c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary>The <c>response-buffer-size</c> in force, in bytes.</summary>
    public required long BufferSize { get; init; }
}
