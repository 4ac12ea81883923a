using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>The rate limit in force for a route. Pipe it to <c>Set-RateLimit</c> to bring a saved limit back.</summary>
public sealed class RateLimitInfo
{
    internal RateLimitInfo(string name, RouteStatus route)
    {
        Name = name;
        Route = route.Path;
        Daemon = route.Daemon;
        Application = route.Application;
        Rate = route.RateLimit;
        InitialBurst = route.RateInitialBurst;
        Pacer = route.Pacer.ToPacer();
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The route's path prefix.</summary>
    public string Route { get; }

    /// <summary>The daemon group that answers; null in embedded mode.</summary>
    public string? Daemon { get; }

    /// <summary>The embedded application's script; null when a daemon answers.</summary>
    public string? Application { get; }

    /// <summary>Bytes a second for each response; 0: no limit.</summary>
    public long Rate { get; }

    /// <summary>Bytes that leave unpaced at the start of each response.</summary>
    public long InitialBurst { get; }

    /// <summary>The pacer that keeps the rate.</summary>
    public Pacer Pacer { get; }
}
