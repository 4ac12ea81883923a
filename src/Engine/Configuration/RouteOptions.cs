namespace DaemonProxy.Configuration;

/// <summary>Which pacer keeps a route's rate (design.md, Pacing).</summary>
public enum PacerKind
{
    /// <summary>Counts bytes against a deadline; the default.</summary>
    TokenBucket,

    /// <summary>Apache's mod_ratelimit to the letter: one chunk each 200 ms (behaviour.md, section 2).</summary>
    Interval,

    /// <summary>mod_ratelimit as it was before Apache 2.4.34: it sleeps between the chunks of one call alone (behaviour.md, section 2, last point).</summary>
    Interval2433,
}

/// <summary>One route: a path prefix, and what answers below it. Either <see cref="Daemon"/> or <see cref="Application"/> is set.</summary>
public sealed record RouteOptions
{
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
    /// <c>script-name</c>: the path of which this route's is a part, so that a WSGI application has the same SCRIPT_NAME on several routes; null: the route's own.
    /// </summary>
    public string? ScriptName { get; init; }

    /// <summary><c>rate-limit</c>, bytes a second, for each response; 0: no limit.</summary>
    public long RateLimit { get; init; }

    /// <summary><c>rate-initial-burst</c>, bytes that leave unpaced at the start of each response. Default 0.</summary>
    public long RateInitialBurst { get; init; }

    /// <summary><c>pacer</c>. Default <see cref="PacerKind.TokenBucket"/>.</summary>
    public PacerKind Pacer { get; init; }
}
