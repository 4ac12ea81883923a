using DaemonProxy.Pacing;

namespace DaemonProxy.Configuration;

/// <summary>The responses that share a rate limit, from narrow to wide.</summary>
public enum RateScope
{
    /// <summary>Not shared: each response has the rate to itself; the default.</summary>
    Response,

    /// <summary>The responses to one client.</summary>
    Client,

    /// <summary>The responses of one route.</summary>
    Route,

    /// <summary>All responses; only at the top level of a configuration.</summary>
    Total,
}

/// <summary>What a rate limit slows down.</summary>
public enum RateDirection
{
    /// <summary>Responses; the default.</summary>
    Download,

    /// <summary>The bodies of requests.</summary>
    Upload,
}

/// <summary>The front ends that keep a rate limit together.</summary>
public enum LimitSharing
{
    /// <summary>This front end alone; the default.</summary>
    FrontEnd,

    /// <summary>All front ends of the <see cref="FleetOptions"/>.</summary>
    Fleet,
}

/// <summary>One rate limit. A response or an upload obeys every limit of its direction whose conditions it meets.</summary>
public sealed record RateLimitOptions
{
    /// <summary><c>rate-limit</c>, bytes a second; 0: no limit.</summary>
    public long RateLimit { get; init; }

    /// <summary><c>direction</c>: whether it slows responses or the bodies of requests. Default <see cref="RateDirection.Download"/>.
    /// </summary>
    public RateDirection Direction { get; init; }

    /// <summary><c>rate-scope</c>: which responses share the limit. Default <see cref="RateScope.Response"/>.</summary>
    public RateScope RateScope { get; init; }

    /// <summary><c>shared-by</c>: whether this front end has the rate for itself or all of a fleet share it. Default: itself.</summary>
    public LimitSharing SharedBy { get; init; }

    /// <summary>
    /// <c>rate-initial-burst</c>, or <c>rate-limit-after</c>: bytes that leave unpaced. They apply at the start of each response. When a
    /// client's responses, a route's or all responses share the limit, they apply once for all of them, and are replenished over time at
    /// the rate. Default 0.
    /// </summary>
    public long RateInitialBurst { get; init; }

    /// <summary><c>pacer</c>. Default <see cref="PacerKind.TokenBucket"/>; a shared limit needs a pacer that can be shared.</summary>
    public PacerKind Pacer { get; init; }

    /// <summary>Which responses it applies to.</summary>
    public RateConditions Conditions { get; init; } = RateConditions.None;
}
