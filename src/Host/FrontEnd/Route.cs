using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>A route being served: its configuration, which may be changed live, and the group that answers.</summary>
internal sealed class Route(RouteOptions options, DaemonGroup? group, StatisticsBook statistics)
{
    private readonly TrafficCounter _traffic = statistics.Route(options.Path);
    private volatile RouteOptions _options = options;

    /// <summary>The configuration in force. Set by the control endpoint; each response goes by the one it began with.</summary>
    public RouteOptions Options
    {
        get => _options;
        set => _options = value;
    }

    /// <summary>The daemon group; null in embedded mode.</summary>
    public DaemonGroup? Group { get; } = group;

    /// <summary>Where its requests are counted.</summary>
    public TrafficScope Traffic { get; } = group is null
        ? new(statistics.Total, statistics.Route(options.Path)) : new(statistics.Total, statistics.Route(options.Path), group.Statistics.Traffic);

    /// <summary>Puts the route's pacing filter before the output, where the route has a rate limit.</summary>
    public IOutputFilter Chain(CoreOutput output, TimeProvider time)
    {
        var options = Options;
        if (options.RateLimit == 0) return output;
        IPacer pacer = options.Pacer != PacerKind.TokenBucket
            ? new IntervalPacer(options.RateLimit, options.RateInitialBurst, time, before2434: options.Pacer == PacerKind.Interval2433)
            : new TokenBucketPacer(new ByteRateLimiter(options.RateLimit, options.RateInitialBurst, time), options.RateLimit);
        return new RateLimitFilter(pacer, output);
    }

    /// <summary>The route for the control socket.</summary>
    public RouteStatus Status()
    {
        var options = Options;
        return new()
        {
            Path = options.Path,
            Daemon = options.Daemon,
            Application = options.Application,
            RateLimit = options.RateLimit,
            RateInitialBurst = options.RateInitialBurst,
            Pacer = options.Pacer,
            Traffic = _traffic.Status(),
        };
    }
}
