using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;

namespace DaemonProxy.Control;

/// <summary>
/// <c>PUT /v1/flush-policy</c>: changes what is given and leaves the rest. Answers with the <see cref="FlushPolicyStatus"/> of every group
/// that was changed.
/// </summary>
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
/// <c>PUT /v1/rate-limit</c>: changes what is given and leaves the rest, also for responses in flight, but for the burst at the start of a
/// response. Answers with the <see cref="RouteStatus"/>. <c>PUT /v1/rate-limit/all</c>: the same for a limit of all routes; answers with
/// the <see cref="InstanceStatus"/>.
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

/// <summary>
/// <c>POST /v1/restart</c>: replace daemons gracefully. Answers with the <see cref="InstanceStatus"/> when the new ones serve; when they do
/// not, nothing has changed.
/// </summary>
/// <param name="Daemon">One group, with the configuration it has; null: read the configuration again and restart all.</param>
public sealed record RestartRequest(string? Daemon);

/// <summary>
/// <c>POST /v1/stop</c>: stop taking connections, finish what is in flight, end. Answers at once with the <see cref="InstanceStatus"/>; the
/// process is gone later.
/// </summary>
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
[JsonSerializable(typeof(FlushPolicyStatus[]))]
[JsonSerializable(typeof(OptionStatus[]))]
[JsonSerializable(typeof(RouteStatus))]
[JsonSerializable(typeof(FlushPolicyChange))]
[JsonSerializable(typeof(RateLimitChange))]
[JsonSerializable(typeof(RestrictionChange))]
[JsonSerializable(typeof(RestartRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(ControlError))]
[JsonSerializable(typeof(StartReport))]
public sealed partial class ControlJson : JsonSerializerContext;
