using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Statistics;

namespace DaemonProxy.Control;

/// <summary>A running front end: <c>GET /v1/status</c> on its control socket.</summary>
public sealed record InstanceStatus
{
    /// <summary>The name by which every console finds the front end.</summary>
    public required string Name { get; init; }

    /// <summary>Its process id.</summary>
    public required int ProcessId { get; init; }

    /// <summary><c>Serving</c>, or <c>Draining</c> while it finishes the requests in flight.</summary>
    public required string State { get; init; }

    /// <summary>
    /// The processes that this one has replaced (<c>Update-DaemonProxy</c>) and that are still finishing what they had in flight.
    /// </summary>
    public IReadOnlyList<int> Replaced { get; init; } = [];

    /// <summary>When it began to serve, in local time.</summary>
    public required DateTime StartTime { get; init; }

    /// <summary>The first address of <see cref="Uris"/>.</summary>
    public Uri Uri => Uris[0];

    /// <summary>
    /// The addresses that it can be reached at from this machine, in the order of <c>listen</c>, at least one, with the ports the system
    /// chose. <c>*</c> is shown as <c>localhost</c>, because nobody can connect to <c>*</c>.
    /// </summary>
    public required IReadOnlyList<Uri> Uris { get; init; }

    /// <summary>Full path of the configuration file; null for the built-in sample.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary><see cref="ProxyConfiguration.Hash"/> of the configuration in use; null for the built-in one.</summary>
    public string? ConfigurationHash { get; init; }

    /// <summary>Full path of the event log's file; null when events go elsewhere, as <see cref="EventLog"/> says.</summary>
    public string? LogFile { get; init; }

    /// <summary>Where events go, as a configuration spells it: a file, <c>stdout</c>, <c>syslog</c>; null for a terminal.</summary>
    public string? EventLog { get; init; }

    /// <summary>How events are written; only JSON can be read by <see cref="Events.EventLogReader"/>.</summary>
    public string EventLogFormat { get; init; } = nameof(Events.EventLogFormat.Json);

    /// <summary>The version of the host.</summary>
    public required string Version { get; init; }

    /// <summary>Whether embedded mode is restricted; null when never set (behaviour.md, section 3).</summary>
    public bool? RestrictEmbedded { get; init; }

    /// <summary>The Python of embedded mode in the front end, version and library; null while none is loaded.</summary>
    public string? Python { get; init; }

    /// <summary>Requests being served.</summary>
    [JsonIgnore]
    public long ActiveRequests => Traffic.ActiveRequests ?? 0;

    /// <summary>Requests received since the start, including those being served.</summary>
    public long Requests { get; init; }

    /// <summary>All finished requests since the start, including those that no route matched.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;

    /// <summary>Where <c>/metrics</c> is served in addition to the control socket; null: nowhere.</summary>
    public Uri? MetricsUri { get; init; }

    /// <summary>The certificate of the <c>https</c> addresses; null: there is none.</summary>
    public CertificateStatus? Certificate { get; init; }

    /// <summary>The fleet that it shares limits with; null: none.</summary>
    public FleetStatus? Fleet { get; init; }

    /// <summary>Where the front end serves something other than the configuration might suggest, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The daemon groups.</summary>
    public required IReadOnlyList<DaemonStatus> Daemons { get; init; }

    /// <summary>The limits of responses that apply to every route, in addition to its own.</summary>
    public IReadOnlyList<RateLimitStatus> RateLimits { get; init; } = [];

    /// <summary>The limits of uploads that apply to every route, in addition to its own.</summary>
    public IReadOnlyList<RateLimitStatus> UploadRateLimits { get; init; } = [];

    /// <summary>The routes, each with its limits.</summary>
    public required IReadOnlyList<RouteStatus> Routes { get; init; }
}

/// <summary>The states a front end reports.</summary>
public enum InstanceState
{
    /// <summary>It accepts requests.</summary>
    Serving,

    /// <summary>It accepts no new connections and finishes the requests in flight.</summary>
    Draining,
}
