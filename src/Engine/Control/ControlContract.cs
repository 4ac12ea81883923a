using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;

namespace DaemonProxy.Control;

/// <summary>
/// <c>PUT /v1/flush-policy</c>: changes the given values and leaves the rest. Answers with the <see cref="FlushPolicyStatus"/> of every
/// changed group.
/// </summary>
public sealed record FlushPolicyChange
{
    /// <summary>Gives a group another delay and leaves the rest.</summary>
    /// <param name="daemon">The group.</param>
    /// <param name="delay">The delay; <see cref="FlushPolicy.Auto"/> for <c>auto</c>.</param>
    public static FlushPolicyChange OfDelay(string daemon, TimeSpan delay) =>
        new() { Daemon = daemon, FlushDelay = delay == FlushPolicy.Auto ? null : delay, AutoDelay = delay == FlushPolicy.Auto };

    /// <summary>The group; null: all groups.</summary>
    public string? Daemon { get; init; }

    /// <summary>The new <c>response-flush-delay</c>, or null.</summary>
    public TimeSpan? FlushDelay { get; init; }

    /// <summary>True: <c>response-flush-delay</c> becomes <c>auto</c>; <see cref="FlushDelay"/> then counts for nothing.</summary>
    public bool? AutoDelay { get; init; }

    /// <summary>The new <c>response-buffer-size</c> in bytes, or null.</summary>
    public long? BufferSize { get; init; }

    /// <summary>The new <c>response-flush-deadline</c>, or null.</summary>
    public TimeSpan? FlushDeadline { get; init; }
}

/// <summary>
/// <c>PUT /v1/rate-limit</c>: changes the given values and leaves the rest. Applies to responses in flight too, except for the burst at the
/// start of a response. Answers with the <see cref="RouteStatus"/>. <c>PUT /v1/rate-limit/all</c>: the same for a limit that spans all
/// routes; answers with the <see cref="InstanceStatus"/>.
/// </summary>
public sealed record RateLimitChange
{
    /// <summary>The route's path prefix, as configured; null for a limit that spans all routes.</summary>
    public string? Route { get; init; }

    /// <summary>Whether a limit of responses or of uploads is changed.</summary>
    public RateDirection Direction { get; init; }

    /// <summary>Selects the only limit of this scope; null: of any scope.</summary>
    public RateScope? RateScope { get; init; }

    /// <summary>
    /// Selects the limit with this <see cref="RateLimitStatus.Index"/>; null: the only limit, or the only one of the scope.
    /// </summary>
    public int? Index { get; init; }

    /// <summary>The new rate in bytes a second, 0 for none; or null.</summary>
    public long? RateLimit { get; init; }

    /// <summary>The new initial burst in bytes, or null.</summary>
    public long? RateInitialBurst { get; init; }

    /// <summary>The new pacer, or null.</summary>
    public PacerKind? Pacer { get; init; }
}

/// <summary><c>PUT /v1/embedded-restriction</c>. Answers with the <see cref="InstanceStatus"/>.</summary>
/// <param name="On">Whether embedded mode is restricted; null: as if never set, which allows it.</param>
public sealed record RestrictionChange([property: JsonRequired] bool? On);

/// <summary>
/// <c>POST /v1/restart</c>: replaces daemons gracefully. Answers with the <see cref="InstanceStatus"/> once the new ones serve; if they do
/// not, nothing has changed.
/// </summary>
/// <param name="Daemon">One group, restarted with its current configuration; null: read the configuration again and restart all
/// groups.</param>
/// <param name="Within">How long the new daemons may take; null: as long as each group's own limit.</param>
public sealed record RestartRequest(string? Daemon, TimeSpan? Within = null);

/// <summary>
/// <c>POST /v1/update</c>: starts the program again and has the new process take over the listening sockets, once it serves. Answers with
/// the <see cref="InstanceStatus"/> of the new process; if it does not serve, nothing has changed.
/// </summary>
/// <param name="Program">Full path of the host to start; null: the one that the front end was started with.</param>
/// <param name="Within">How long the new daemons may take; null: as long as each group's own limit.</param>
public sealed record UpdateRequest(string? Program = null, TimeSpan? Within = null);

/// <summary>
/// <c>POST /v1/stop</c>: stops accepting connections, finishes the requests in flight, and ends. Answers at once with the <see
/// cref="InstanceStatus"/>; the process ends later.
/// </summary>
/// <param name="DrainTimeout">Requests still in flight after this are cut off.</param>
public sealed record StopRequest(TimeSpan DrainTimeout);

/// <summary>The control socket's answer when it cannot do what was asked (status 400 or 404).</summary>
/// <param name="Message">One sentence that says what is wrong and what would be right.</param>
public sealed record ControlError(string Message);

/// <summary>
/// The single line that <c>daemonproxy serve --background</c> writes to its standard output: its status once it is ready, or why it could
/// not start.
/// </summary>
/// <param name="Status">Set when the front end is serving.</param>
/// <param name="Error">Set when it could not start: one sentence, or one per line for configuration errors.</param>
/// <param name="Failure">The kind of the failure.</param>
public sealed record StartReport(InstanceStatus? Status, string? Error, ControlFailure Failure = ControlFailure.StartFailed);

/// <summary>The JSON of the control socket; one definition for both sides.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InstanceActivity))]
[JsonSerializable(typeof(InstanceStatus))]
[JsonSerializable(typeof(FlushPolicyStatus[]))]
[JsonSerializable(typeof(OptionStatus[]))]
[JsonSerializable(typeof(RouteStatus))]
[JsonSerializable(typeof(FlushPolicyChange))]
[JsonSerializable(typeof(RateLimitChange))]
[JsonSerializable(typeof(RestrictionChange))]
[JsonSerializable(typeof(RestartRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(UpdateRequest))]
[JsonSerializable(typeof(ControlError))]
[JsonSerializable(typeof(StartReport))]
public sealed partial class ControlJson : JsonSerializerContext;
