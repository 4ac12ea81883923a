using DaemonProxy.Configuration;
using DaemonProxy.Pacing;
using DaemonProxy.Statistics;

namespace DaemonProxy.Control;

/// <summary>A route of a running front end.</summary>
public sealed record RouteStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The path prefix.</summary>
    public required string Route { get; init; }

    /// <summary>The daemon group that answers; null in embedded mode.</summary>
    public string? Daemon { get; init; }

    /// <summary>The embedded application; null when a daemon answers.</summary>
    public string? Application { get; init; }

    /// <summary>Its own limits, at least one, by the order of the configuration; none of those for all routes.</summary>
    public required IReadOnlyList<RateLimitStatus> RateLimits { get; init; }

    /// <summary>Its finished requests since the start.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;
}

/// <summary>A rate limit in force. Pipe it to <c>Set-RateLimit</c> to bring a saved limit back.</summary>
public sealed record RateLimitStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The route's path prefix; null for a limit of all routes.</summary>
    public string? Route { get; init; }

    /// <summary>The daemon group that answers; null in embedded mode, and for a limit of all routes.</summary>
    public string? Daemon { get; init; }

    /// <summary>The embedded application's script; null when a daemon answers, and for a limit of all routes.</summary>
    public string? Application { get; init; }

    /// <summary>Which limit of its route, or of all routes, it is: 1 and up, by the order of the configuration.</summary>
    public required int Index { get; init; }

    /// <summary>What shares the rate.</summary>
    public RateScope Scope { get; init; }

    /// <summary>Bytes a second; 0: no limit.</summary>
    public required long Rate { get; init; }

    /// <summary>Bytes that leave unpaced at the start of each response.</summary>
    public long InitialBurst { get; init; }

    /// <summary>The pacer that keeps the rate.</summary>
    public PacerKind Pacer { get; init; }

    /// <summary>The request methods that it is for; empty: any.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>The media types that it is for; empty: any.</summary>
    public IReadOnlyList<string> ContentTypes { get; init; } = [];

    /// <summary>The paths that it is for; empty: any.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>The least bytes of a response that it is for.</summary>
    public long MinimumSize { get; init; }

    /// <summary>How many responses obey it now.</summary>
    public int Responses { get; init; }
}
