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
    private readonly LiveRateLimit _limit = new(LimitOf(options));
    private volatile RouteOptions _options = options;

    /// <summary>The configuration in force. Set by the control endpoint; a new rate limit holds for responses in flight as well.</summary>
    public RouteOptions Options
    {
        get => _options;
        set
        {
            _options = value;
            _limit.Limit = LimitOf(value);
        }
    }

    /// <summary>The daemon group; null in embedded mode.</summary>
    public DaemonGroup? Group { get; } = group;

    /// <summary>Where its requests are counted.</summary>
    public TrafficScope Traffic { get; } = group is null
        ? new(statistics.Total, statistics.Route(options.Path)) : new(statistics.Total, statistics.Route(options.Path), group.Statistics.Traffic);

    /// <summary>The route's pacing filter before the output. Without a limit it passes everything on, until one is set.</summary>
    public RateLimitFilter Chain(IOutputFilter output, TimeProvider time) => new(_limit, output, time);

    private static RateLimit LimitOf(RouteOptions options) => new(options.RateLimit, options.RateInitialBurst, options.Pacer);

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
