using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>A rate limit in force. Pipe it to <c>Set-RateLimit</c> to bring a saved limit back.</summary>
public sealed class RateLimitInfo
{
    internal RateLimitInfo(string name, RouteStatus? route, RateLimitStatus limit)
    {
        Name = name;
        Route = route?.Path;
        Daemon = route?.Daemon;
        Application = route?.Application;
        Index = limit.Index;
        Scope = limit.RateScope.ToScope();
        Rate = limit.RateLimit;
        InitialBurst = limit.RateInitialBurst;
        Pacer = limit.Pacer.ToPacer();
        Methods = [.. limit.Conditions.Methods];
        ContentTypes = [.. limit.Conditions.ContentTypes];
        Paths = [.. limit.Conditions.Paths];
        MinimumSize = limit.Conditions.MinimumSize;
        Responses = limit.Responses;
    }

    /// <summary>The limits of a route, in the order of the configuration.</summary>
    internal static IEnumerable<RateLimitInfo> Of(string name, RouteStatus route) => route.RateLimits.Count > 0
        ? route.RateLimits.Select(limit => new RateLimitInfo(name, route, limit))
        // A front end of an earlier version, which knows one limit a route.
        : [new(name, route, new() { Index = 1, RateLimit = route.RateLimit, RateScope = default, RateInitialBurst = route.RateInitialBurst, Pacer = route.Pacer, Conditions = new() })];

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The route's path prefix; null for a limit of all routes.</summary>
    public string? Route { get; }

    /// <summary>The daemon group that answers; null in embedded mode, and for a limit of all routes.</summary>
    public string? Daemon { get; }

    /// <summary>The embedded application's script; null when a daemon answers, and for a limit of all routes.</summary>
    public string? Application { get; }

    /// <summary>Which limit of its route, or of all routes, it is: 1 and up.</summary>
    public int Index { get; }

    /// <summary>What shares the rate.</summary>
    public RateLimitScope Scope { get; }

    /// <summary>Bytes a second; 0: no limit.</summary>
    public long Rate { get; }

    /// <summary>Bytes that leave unpaced at the start of each response.</summary>
    public long InitialBurst { get; }

    /// <summary>The pacer that keeps the rate.</summary>
    public Pacer Pacer { get; }

    /// <summary>The request methods that it is for; empty: any.</summary>
    public string[] Methods { get; }

    /// <summary>The media types that it is for; empty: any.</summary>
    public string[] ContentTypes { get; }

    /// <summary>The paths that it is for; empty: any.</summary>
    public string[] Paths { get; }

    /// <summary>The least bytes of a response that it is for.</summary>
    public long MinimumSize { get; }

    /// <summary>How many responses obey it now.</summary>
    public int Responses { get; }
}
