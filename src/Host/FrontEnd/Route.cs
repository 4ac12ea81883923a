using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A route being served: its configuration, the limits of its responses, which may be changed live, and the group that answers.
/// </summary>
internal sealed class Route
{
    private readonly LiveRateLimit[] _obeyed;

    /// <summary>Makes it.</summary>
    /// <param name="options">Its configuration.</param>
    /// <param name="group">The daemon group; null in embedded mode.</param>
    /// <param name="limitsOfAll">The limits that hold on every route.</param>
    /// <param name="statistics">Where its requests are counted.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">Where its paced responses are counted.</param>
    public Route(RouteOptions options, DaemonGroup? group, RateLimitSet limitsOfAll, StatisticsBook statistics, TimeProvider time,
        PacingLoad load)
    {
        Options = options;
        Group = group;
        EncodedPath = RequestPath.Encode(options.Path).TrimEnd('/');
        Limits = new RateLimitSet(options.AllRateLimits, time, load);
        _obeyed = [.. Limits.Limits.Concat(limitsOfAll.Limits).OrderBy(limit => limit.Scope)];
        var own = statistics.Route(options.Path);
        Traffic = group is null ? new(statistics.Total, own) : new(statistics.Total, own, group.Statistics.Traffic);
    }

    /// <summary>The configuration it was made with.</summary>
    public RouteOptions Options { get; }

    /// <summary>Its path as normalised requests spell it, without a slash at the end.</summary>
    public string EncodedPath { get; }

    /// <summary>The daemon group; null in embedded mode.</summary>
    public DaemonGroup? Group { get; }

    public RateLimitSet Limits { get; }

    /// <summary>Where its requests are counted.</summary>
    public TrafficScope Traffic { get; }

    /// <summary>
    /// The pacing filters of a response before its output; null: it obeys no limit, nor one that may be set while it is in flight.
    /// </summary>
    public RateLimitFilter? Chain(in ResponseFacts facts, ClientKey client, long asked, IOutputFilter output, TimeProvider time) =>
        PacedOutput.Create(_obeyed, facts, new RateLimitKey(Options.Path, client), asked, output, time);

    /// <summary>What its daemon gets as a request's target: what was matched, never how it was spelled.</summary>
    /// <param name="target">The request's target, whose path is below the route's.</param>
    public string TargetOf(in RequestTarget target)
    {
        var path = target.Path.Encoded;
        if (!Options.StripPrefix || Group?.Options.Source == DaemonSource.Application || EncodedPath.Length == 0)
            return path + target.Query;
        return path.Length == EncodedPath.Length ? "/" + target.Query : string.Concat(path.AsSpan(EncodedPath.Length), target.Query);
    }
}
