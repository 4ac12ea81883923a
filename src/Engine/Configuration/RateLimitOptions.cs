using DaemonProxy.Pacing;

namespace DaemonProxy.Configuration;

/// <summary>What shares a rate limit, from narrow to wide.</summary>
public enum RateScope
{
    /// <summary>Nothing: each response has the rate for itself; the default.</summary>
    Response,

    /// <summary>The responses to one client.</summary>
    Client,

    /// <summary>The responses of one route.</summary>
    Route,

    /// <summary>All responses; only at the top of a configuration.</summary>
    Total,
}

/// <summary>One rate limit. A response obeys all whose conditions it meets.</summary>
public sealed record RateLimitOptions
{
    /// <summary><c>rate-limit</c>, bytes a second; 0: no limit.</summary>
    public long RateLimit { get; init; }

    /// <summary><c>rate-scope</c>: what shares it. Default <see cref="RateScope.Response"/>.</summary>
    public RateScope RateScope { get; init; }

    /// <summary><c>rate-initial-burst</c>, or <c>rate-limit-after</c>: bytes that leave unpaced: at the start of each response, or, where a
    /// client's responses, a route's or all share the limit, once for all of them, and again as time gives them back at the rate. Default
    /// 0.</summary>
    public long RateInitialBurst { get; init; }

    /// <summary><c>pacer</c>. Default <see cref="PacerKind.TokenBucket"/>; what is shared has one that can be.</summary>
    public PacerKind Pacer { get; init; }

    /// <summary>The responses that it is for.</summary>
    public RateConditions Conditions { get; init; } = RateConditions.None;
}
