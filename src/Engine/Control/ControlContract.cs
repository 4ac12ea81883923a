using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Pacing;
using DaemonProxy.Statistics;

namespace DaemonProxy.Control;

/// <summary>What a front end says of itself: <c>GET /v1/status</c> on its control socket.</summary>
public sealed record InstanceStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its process id.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When it began to serve.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary><c>Serving</c> or <c>Draining</c>.</summary>
    public required InstanceState State { get; init; }

    /// <summary>The addresses it listens on, with the ports the system chose.</summary>
    public required IReadOnlyList<Uri> Uri { get; init; }

    /// <summary>Full path of the configuration file; null for the built-in one.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary><see cref="ProxyConfiguration.Hash"/> of the configuration that is served; null for the built-in one.</summary>
    public string? ConfigurationHash { get; init; }

    /// <summary>Full path of the event log; null when events go to the terminal.</summary>
    public string? LogFile { get; init; }

    /// <summary>The version of the host.</summary>
    public required string Version { get; init; }

    /// <summary>Whether embedded mode is restricted: null when never set (behaviour.md, section 3).</summary>
    public bool? RestrictEmbedded { get; init; }

    /// <summary>The interpreter in the front end: its version and library; null while there is none.</summary>
    public string? Python { get; init; }

    /// <summary>Requests being served now.</summary>
    public long ActiveRequests { get; init; }

    /// <summary>Requests served since the start.</summary>
    public long Requests { get; init; }

    /// <summary>All finished requests since the start, those that no route matched included.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;

    /// <summary>Where <c>/metrics</c> is served beside the control socket; null: nowhere.</summary>
    public Uri? MetricsUri { get; init; }

    /// <summary>What is served otherwise than the configuration may seem to say, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The daemon groups.</summary>
    public required IReadOnlyList<DaemonStatus> Daemons { get; init; }

    /// <summary>The limits that hold on every route, beside its own.</summary>
    public IReadOnlyList<RateLimitStatus> RateLimits { get; init; } = [];

    /// <summary>The routes.</summary>
    public required IReadOnlyList<RouteStatus> Routes { get; init; }
}

/// <summary>The states a front end reports.</summary>
public enum InstanceState
{
    /// <summary>It takes requests.</summary>
    Serving,

    /// <summary>It takes no new connections and finishes what is in flight.</summary>
    Draining,
}

/// <summary>One daemon group, as it is now.</summary>
public sealed record DaemonStatus
{
    /// <summary>The group's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where its processes come from.</summary>
    public required DaemonSource Source { get; init; }

    /// <summary>The WSGI application; null for other groups.</summary>
    public string? Application { get; init; }

    /// <summary>Its state.</summary>
    public required DaemonState State { get; init; }

    /// <summary>Where it listens; null for a managed group, whose workers each have a socket of their own.</summary>
    public string? Address { get; init; }

    /// <summary>Its worker processes; empty for an external group.</summary>
    public IReadOnlyList<WorkerStatus> Workers { get; init; } = [];

    /// <summary>How often the front end has started a worker again.</summary>
    public int Restarts { get; init; }

    /// <summary>The same, by reason.</summary>
    public IReadOnlyDictionary<string, long> RestartsByReason { get; init; } = new Dictionary<string, long>();

    /// <summary>Requests being served.</summary>
    public int ActiveRequests { get; init; }

    /// <summary>Requests that wait for a worker.</summary>
    public int WaitingRequests { get; init; }

    /// <summary><c>response-flush-delay</c> in force.</summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary><c>response-buffer-size</c> in force, bytes.</summary>
    public required long BufferSize { get; init; }

    /// <summary><c>response-flush-deadline</c> in force; zero: none.</summary>
    public required TimeSpan FlushDeadline { get; init; }

    /// <summary>Its finished requests since the start.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;
}

/// <summary>A front end and what it is serving at one moment: <c>GET /v1/activity</c>.</summary>
/// <param name="Status">What it says of itself.</param>
/// <param name="Responses">What it is serving.</param>
/// <param name="Time">When.</param>
public sealed record InstanceActivity(InstanceStatus Status, ActiveResponses Responses, DateTimeOffset Time);

/// <summary>The requests being served at one moment.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of their bodies sent so far; they are not in <see cref="TrafficStatus"/> before their end.</param>
/// <param name="ByRoute">The same for each route that has any; those that no route matches, under an empty name.</param>
/// <param name="Oldest">The oldest of them, one by one; not all where there are many.</param>
public sealed record ActiveResponses(int Count, long Bytes, IReadOnlyDictionary<string, ActiveRoute> ByRoute, IReadOnlyList<ActiveResponse> Oldest);

/// <summary>The requests being served by a route.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of their bodies sent so far.</param>
public sealed record ActiveRoute(int Count, long Bytes);

/// <summary>One request being served.</summary>
/// <param name="Id">Its number since the front end's start.</param>
/// <param name="Method">Its method.</param>
/// <param name="Path">Its path, decoded: a stranger's text.</param>
/// <param name="Route">Its route; null before one is found.</param>
/// <param name="Daemon">Its daemon group; null in embedded mode.</param>
/// <param name="Status">The application's status; 0 before there is one.</param>
/// <param name="Bytes">Bytes of its body sent so far.</param>
/// <param name="Elapsed">How long it has been served.</param>
public sealed record ActiveResponse(long Id, string Method, string Path, string? Route, string? Daemon, int Status, long Bytes, TimeSpan Elapsed);

/// <summary>The options in force for a daemon group, by <c>GET /v1/options</c>.</summary>
/// <param name="Daemon">The group's name.</param>
/// <param name="Options">All options that a group of its kind has.</param>
public sealed record GroupOptions(string Daemon, IReadOnlyList<EffectiveOption> Options);

/// <summary>One route, as it is now.</summary>
public sealed record RouteStatus
{
    /// <summary>The path prefix.</summary>
    public required string Path { get; init; }

    /// <summary>The daemon group that answers; null in embedded mode.</summary>
    public string? Daemon { get; init; }

    /// <summary>The embedded application; null when a daemon answers.</summary>
    public string? Application { get; init; }

    /// <summary>Bytes a second of its first limit; 0: no limit.</summary>
    public required long RateLimit { get; init; }

    /// <summary>Bytes that leave unpaced at the start of a response, by its first limit.</summary>
    public required long RateInitialBurst { get; init; }

    /// <summary>The pacer of its first limit.</summary>
    public required PacerKind Pacer { get; init; }

    /// <summary>All its limits, the first one included; none of those for all routes. Empty from a front end that knows one limit a route.</summary>
    public IReadOnlyList<RateLimitStatus> RateLimits { get; init; } = [];

    /// <summary>Its finished requests since the start.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;
}

/// <summary>One rate limit, as it is now.</summary>
public sealed record RateLimitStatus
{
    /// <summary>Which of the limits of its route, or of all routes, it is: 1 and up, by the order of the configuration.</summary>
    public required int Index { get; init; }

    /// <summary>Bytes a second; 0: no limit.</summary>
    public required long RateLimit { get; init; }

    /// <summary>What shares it.</summary>
    public required RateScope RateScope { get; init; }

    /// <summary>Bytes that leave unpaced at the start of a response.</summary>
    public required long RateInitialBurst { get; init; }

    /// <summary>The pacer.</summary>
    public required PacerKind Pacer { get; init; }

    /// <summary>The responses that it is for.</summary>
    public required RateConditions Conditions { get; init; }

    /// <summary>Responses that obey it now.</summary>
    public int Responses { get; init; }
}

/// <summary><c>PUT /v1/flush-policy</c>: changes what is given and leaves the rest. Answers with every group's <see cref="DaemonStatus"/> that was changed.</summary>
public sealed record FlushPolicyChange
{
    /// <summary>The group; null: all groups.</summary>
    public string? Daemon { get; init; }

    /// <summary>The new <c>response-flush-delay</c>, or null.</summary>
    public TimeSpan? FlushDelay { get; init; }

    /// <summary>The new <c>response-buffer-size</c> in bytes, or null.</summary>
    public long? BufferSize { get; init; }

    /// <summary>The new <c>response-flush-deadline</c>, or null.</summary>
    public TimeSpan? FlushDeadline { get; init; }
}

/// <summary>
/// <c>PUT /v1/rate-limit</c>: changes what is given and leaves the rest, also for responses in flight, but for the burst at the start of a response. Answers with
/// the <see cref="RouteStatus"/>. <c>PUT /v1/rate-limit/all</c>: the same for a limit of all routes; answers with the <see cref="InstanceStatus"/>.
/// </summary>
public sealed record RateLimitChange
{
    /// <summary>The route's path prefix, as it is configured; null for a limit of all routes.</summary>
    public string? Route { get; init; }

    /// <summary>Which limit: the only one of this scope; null: of any.</summary>
    public RateScope? RateScope { get; init; }

    /// <summary>Which limit: its <see cref="RateLimitStatus.Index"/>; null: the only one there is, or the only one of the scope.</summary>
    public int? Index { get; init; }

    /// <summary>The new rate in bytes a second, 0 for none; or null.</summary>
    public long? RateLimit { get; init; }

    /// <summary>The new initial burst in bytes, or null.</summary>
    public long? RateInitialBurst { get; init; }

    /// <summary>The new pacer, or null.</summary>
    public PacerKind? Pacer { get; init; }
}

/// <summary><c>PUT /v1/embedded-restriction</c>. Answers with the <see cref="InstanceStatus"/>.</summary>
/// <param name="On">Whether embedded mode is restricted; null: as when never set, which allows it.</param>
public sealed record RestrictionChange([property: JsonRequired] bool? On);

/// <summary><c>POST /v1/restart</c>: replace daemons gracefully. Answers with the <see cref="InstanceStatus"/> when the new ones serve; when they do not, nothing has changed.</summary>
/// <param name="Daemon">One group, with the configuration it has; null: read the configuration again and restart all.</param>
public sealed record RestartRequest(string? Daemon);

/// <summary><c>POST /v1/stop</c>: stop taking connections, finish what is in flight, end. Answers at once with the <see cref="InstanceStatus"/>; the process is gone later.</summary>
/// <param name="DrainTimeout">What is in flight after this is broken off.</param>
public sealed record StopRequest(TimeSpan DrainTimeout);

/// <summary>What the control socket answers when it cannot do what was asked (status 400 or 404).</summary>
/// <param name="Message">One sentence that says what is wrong and what would be right.</param>
public sealed record ControlError(string Message);

/// <summary>
/// The one line that <c>daemonproxy serve --background</c> writes to its standard output: ready with its status, or why it could not start.
/// </summary>
/// <param name="Status">Set when the front end serves.</param>
/// <param name="Error">Set when it could not start: one sentence, or one a line for configuration errors.</param>
public sealed record StartReport(InstanceStatus? Status, string? Error);

/// <summary>The JSON of the control socket; one definition for both ends.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InstanceActivity))]
[JsonSerializable(typeof(InstanceStatus))]
[JsonSerializable(typeof(DaemonStatus[]))]
[JsonSerializable(typeof(GroupOptions[]))]
[JsonSerializable(typeof(RouteStatus))]
[JsonSerializable(typeof(FlushPolicyChange))]
[JsonSerializable(typeof(RateLimitChange))]
[JsonSerializable(typeof(RestrictionChange))]
[JsonSerializable(typeof(RestartRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(ControlError))]
[JsonSerializable(typeof(StartReport))]
public sealed partial class ControlJson : JsonSerializerContext;
