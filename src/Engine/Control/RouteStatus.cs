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

    /// <summary>The daemon group that serves the route; null in embedded mode.</summary>
    public string? Daemon { get; init; }

    /// <summary>The embedded application; null when a daemon serves the route.</summary>
    public string? Application { get; init; }

    /// <summary>
    /// Its own limits of responses, at least one, in configuration order; limits that span all routes are not included.
    /// </summary>
    public required IReadOnlyList<RateLimitStatus> RateLimits { get; init; }

    /// <summary>Its own limits of uploads, in the same way.</summary>
    public IReadOnlyList<RateLimitStatus> UploadRateLimits { get; init; } = [];

    /// <summary>Its finished requests since the start.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;

    /// <summary>Whether a path, with or without a query, lies below this route's.</summary>
    public bool Covers(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var prefix = Route.TrimEnd('/');
        return path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] is '/' or '?');
    }
}

/// <summary>A rate limit in force. Pipe it to <c>Set-RateLimit</c> to restore a saved limit.</summary>
public sealed record RateLimitStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The route's path prefix; null for a limit that spans all routes.</summary>
    public string? Route { get; init; }

    /// <summary>The daemon group that serves the route; null in embedded mode, and for a limit that spans all routes.</summary>
    public string? Daemon { get; init; }

    /// <summary>The embedded application's script; null when a daemon serves the route, and for a limit that spans all routes.</summary>
    public string? Application { get; init; }

    /// <summary>
    /// The number of the limit among those of the same direction of its route, or of all routes: from 1, in configuration order.
    /// </summary>
    public required int Index { get; init; }

    /// <summary><c>Download</c>: it slows responses; <c>Upload</c>: the bodies of requests.</summary>
    public string Direction { get; init; } = nameof(RateDirection.Download);

    /// <summary>Which responses or uploads share the rate.</summary>
    public string Scope { get; init; } = nameof(RateScope.Response);

    /// <summary>Whether a fleet of front ends shares the rate.</summary>
    public string SharedBy { get; init; } = nameof(LimitSharing.FrontEnd);

    /// <summary>For a limit that a fleet shares: this front end's share of the rate, bytes per second, over all clients or routes that have
    /// one of their own; null for a limit that it has for itself.</summary>
    public long? Share { get; init; }

    /// <summary>For a limit that a fleet shares: the front ends that use it now; of a limit by client, the most for one client. Null for
    /// one that it has for itself.</summary>
    public int? Members { get; init; }

    /// <summary>Bytes per second; 0: no limit.</summary>
    public required long Rate { get; init; }

    /// <summary>Bytes that leave unpaced at the start of each response.</summary>
    public long InitialBurst { get; init; }

    /// <summary>The pacer that keeps the rate.</summary>
    public string Pacer { get; init; } = nameof(PacerKind.TokenBucket);

    /// <summary>The request methods that it applies to; empty: any.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>The media types that it applies to; empty: any.</summary>
    public IReadOnlyList<string> ContentTypes { get; init; } = [];

    /// <summary>The paths that it applies to; empty: any.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>The smallest response body that it applies to, in bytes.</summary>
    public long MinimumSize { get; init; }

    /// <summary>How many responses, or uploads, obey it at present.</summary>
    public int Responses { get; init; }
}
