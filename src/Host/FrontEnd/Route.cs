using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Fleet;
using DaemonProxy.Pacing;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A route being served: its configuration, the limits of its responses, which can be changed live, and the group that answers.
/// </summary>
internal sealed class Route
{
    private readonly RateLimitSet _limitsOfAll;
    private readonly RateLimitSet _uploadLimitsOfAll;

    /// <summary>Creates the route.</summary>
    /// <param name="options">The route's configuration.</param>
    /// <param name="group">The daemon group; null in embedded mode.</param>
    /// <param name="limitsOfAll">The limits of responses that apply to every route.</param>
    /// <param name="uploadLimitsOfAll">The limits of uploads that apply to every route.</param>
    /// <param name="statistics">Counts the route's requests.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">Counts the route's paced responses.</param>
    /// <param name="fleet">The fleet's member; null: no fleet is configured.</param>
    public Route(RouteOptions options, DaemonGroup? group, RateLimitSet limitsOfAll, RateLimitSet uploadLimitsOfAll,
        StatisticsBook statistics, TimeProvider time, PacingLoad load, FleetMember? fleet = null)
    {
        Options = options;
        Group = group;
        EncodedPath = RequestPath.Encode(options.Path).TrimEnd('/');
        Limits = new RateLimitSet(RateDirection.Download, options.AllRateLimits, time, load, options.Path, fleet);
        _limitsOfAll = limitsOfAll;
        UploadLimits = new RateLimitSet(RateDirection.Upload, options.AllUploadRateLimits, time, load, options.Path, fleet);
        _uploadLimitsOfAll = uploadLimitsOfAll;
        var own = statistics.Route(options.Path);
        Traffic = group is null ? new(statistics.Total, own) : new(statistics.Total, own, group.Statistics.Traffic);
    }

    /// <summary>The configuration that the route was created from.</summary>
    public RouteOptions Options { get; }

    /// <summary>The route's path in the spelling of normalised requests, without a trailing slash.</summary>
    public string EncodedPath { get; }

    /// <summary>The daemon group; null in embedded mode.</summary>
    public DaemonGroup? Group { get; }

    /// <summary>The route's own limits of responses.</summary>
    public RateLimitSet Limits { get; }

    /// <summary>The route's own limits of uploads.</summary>
    public RateLimitSet UploadLimits { get; }

    /// <summary>Counts the route's requests.</summary>
    public TrafficScope Traffic { get; }

    /// <summary>Whether any limit of responses has a rate at present.</summary>
    public bool HasRate => Limits.Index.HasRate || _limitsOfAll.Index.HasRate;

    /// <summary>
    /// Returns the pacing filters for a response, placed before its output; null when no limit applies and none can be set while the
    /// response is in flight.
    /// </summary>
    public RateLimitFilter? Chain(in BodyFacts facts, ClientKey client, long asked, IOutputFilter output, TimeProvider time) =>
        PacedOutput.Create(Limits.Index, _limitsOfAll.Index, facts, new RateLimitKey(Options.Path, client), asked, output, time);

    /// <summary>
    /// Returns the pacing reader of an upload, on top of its body; null when no limit applies and none can be set during the upload.
    /// </summary>
    public PacedBodyReader? Pace(in BodyFacts facts, ClientKey client, PipeReader body, CancellationToken clientGone) =>
        PacedBodyReader.Create(
            UploadLimits.Index, _uploadLimitsOfAll.Index, facts, new RateLimitKey(Options.Path, client), body, clientGone);

    /// <summary>The request target for the daemon: the path as it was matched, not as it was spelled.</summary>
    /// <param name="target">The request's target; its path is below the route's.</param>
    public string TargetOf(in RequestTarget target)
    {
        var path = target.Path.Encoded;
        if (!Options.StripPrefix || Group?.Options.Source == DaemonSource.Application || EncodedPath.Length == 0)
            return path + target.Query;
        return path.Length == EncodedPath.Length ? "/" + target.Query : string.Concat(path.AsSpan(EncodedPath.Length), target.Query);
    }
}
