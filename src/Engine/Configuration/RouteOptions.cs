namespace DaemonProxy.Configuration;

/// <summary>
/// One route: a path prefix, and what serves the paths below it. Either <see cref="Daemon"/> or <see cref="Application"/> is set.
/// </summary>
public sealed record RouteOptions
{
    // One list shared by all routes, so that routes without the key compare equal.
    private static readonly IReadOnlyList<string> UsualUpgrades = ["websocket"];

    /// <summary>
    /// The path prefix. It starts with <c>/</c> and, except for <c>/</c> itself, does not end with one. It matches whole segments:
    /// <c>/a</c> matches <c>/a</c> and <c>/a/b</c>, but not <c>/ab</c>.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The daemon group that serves the route; null in embedded mode.</summary>
    public string? Daemon { get; init; }

    /// <summary>Embedded mode: full path of the application's script; null when a daemon serves the route.</summary>
    public string? Application { get; init; }

    /// <summary>When set, the daemon sees <c>/x</c> for <c>/download/x</c>; otherwise it sees the path as received.</summary>
    public bool StripPrefix { get; init; }

    /// <summary>
    /// <c>script-name</c>: a prefix of this route's path that becomes SCRIPT_NAME, so that a WSGI application has the same one on several
    /// routes; null: the route's own path.
    /// </summary>
    public string? ScriptName { get; init; }

    /// <summary>
    /// <c>upgrades</c>: the protocols that a connection may be upgraded to (RFC 9110, section 7.8), with HTTP/1.1 and GET. Default:
    /// <c>websocket</c>.
    /// </summary>
    public IReadOnlyList<string> Upgrades { get; init; } = UsualUpgrades;

    /// <summary>
    /// <c>upgrade-timeout</c>: an upgraded connection is closed when neither side has sent a byte for this long. 0: never. Default 1 h, as
    /// is usual for tunnels.
    /// </summary>
    public TimeSpan UpgradeTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The limit that a route can set without a list: <c>rate-limit</c> and its companion keys. No limit by default.</summary>
    public RateLimitOptions RateLimit { get; init; } = new();

    /// <summary>
    /// The limit of uploads that a route can set without a list: <c>upload-rate-limit</c>, <c>upload-rate-scope</c> and
    /// <c>upload-shared-by</c>. No limit by default.
    /// </summary>
    public RateLimitOptions UploadRateLimit { get; init; } = new() { Direction = RateDirection.Upload };

    /// <summary><c>rate-limits</c>: further limits of either direction, each with its own conditions.</summary>
    public IReadOnlyList<RateLimitOptions> RateLimits { get; init; } = [];

    /// <summary>
    /// All limits of the route's responses: at least one, which may be no limit at all so that it can be set while the route serves.
    /// </summary>
    public IReadOnlyList<RateLimitOptions> AllRateLimits => All(RateLimit);

    /// <summary>The same for uploads.</summary>
    public IReadOnlyList<RateLimitOptions> AllUploadRateLimits => All(UploadRateLimit);

    private IReadOnlyList<RateLimitOptions> All(RateLimitOptions own)
    {
        RateLimitOptions[] listed = [.. RateLimits.Where(limit => limit.Direction == own.Direction)];
        return listed.Length == 0 ? [own] : own.RateLimit == 0 ? listed : [own, .. listed];
    }
}
