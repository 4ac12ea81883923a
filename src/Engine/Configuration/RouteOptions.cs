namespace DaemonProxy.Configuration;

/// <summary>One route: a path prefix, and what answers below it. Either <see cref="Daemon"/> or <see cref="Application"/> is set.</summary>
public sealed record RouteOptions
{
    // One list for all routes, so that routes without the key are equal.
    private static readonly IReadOnlyList<string> UsualUpgrades = ["websocket"];

    /// <summary>
    /// The path prefix, starting with <c>/</c> and, but for <c>/</c> itself, not ending with one; it matches whole segments: <c>/a</c>
    /// matches <c>/a</c> and <c>/a/b</c>, not <c>/ab</c>.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The daemon group that answers; null in embedded mode.</summary>
    public string? Daemon { get; init; }

    /// <summary>Embedded mode: full path of the application's script; null when a daemon answers.</summary>
    public string? Application { get; init; }

    /// <summary>The daemon sees <c>/x</c> for <c>/download/x</c> when set, and the path as it came otherwise.</summary>
    public bool StripPrefix { get; init; }

    /// <summary>
    /// <c>script-name</c>: the path of which this route's is a part, so that a WSGI application has the same SCRIPT_NAME on several routes;
    /// null: the route's own.
    /// </summary>
    public string? ScriptName { get; init; }

    /// <summary>
    /// <c>upgrades</c>: the protocols to which a connection may be upgraded (RFC 9110, section 7.8), by HTTP/1.1 and GET. Default:
    /// <c>websocket</c>.
    /// </summary>
    public IReadOnlyList<string> Upgrades { get; init; } = UsualUpgrades;

    /// <summary>
    /// <c>upgrade-timeout</c>: an upgraded connection is closed after so long without a byte from either side. 0: never. Default 1 h, as is
    /// usual for tunnels.
    /// </summary>
    public TimeSpan UpgradeTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The limit that a route can have without a list: <c>rate-limit</c> and its companions. No limit by default.</summary>
    public RateLimitOptions RateLimit { get; init; } = new();

    /// <summary><c>rate-limits</c>: more limits, each with its conditions.</summary>
    public IReadOnlyList<RateLimitOptions> RateLimits { get; init; } = [];

    /// <summary>All limits of the route; at least one, which may be none, to be set while it serves.</summary>
    public IReadOnlyList<RateLimitOptions> AllRateLimits =>
        RateLimits.Count == 0 ? [RateLimit] : RateLimit.RateLimit == 0 ? RateLimits : [RateLimit, .. RateLimits];
}
