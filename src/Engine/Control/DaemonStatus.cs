using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Statistics;

namespace DaemonProxy.Control;

/// <summary>A daemon group of a running front end.</summary>
public sealed record DaemonStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The group's name.</summary>
    public required string Daemon { get; init; }

    /// <summary>Where its processes come from: <c>Sample</c>, <c>Application</c>, <c>Command</c> or <c>Address</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The WSGI application: its script's full path, or module:callable; null for other groups.</summary>
    public string? Application { get; init; }

    /// <summary>
    /// <c>Ready</c>, <c>Starting</c>, <c>Unhealthy</c>, <c>BackingOff</c>, <c>Stopped</c>, or <c>External</c> for a server that somebody
    /// else runs and that has no health check.
    /// </summary>
    public required string State { get; init; }

    /// <summary>
    /// Why one of its workers gets no requests, such as the answer to its last health check; null: nothing is known against them.
    /// </summary>
    public string? Obstacle { get; init; }

    /// <summary>
    /// Where an external group listens, several addresses with commas between them; null for a managed group, whose workers each have a
    /// socket of their own.
    /// </summary>
    public string? Address { get; init; }

    /// <summary>Each of several addresses of an external group, with its state; empty for other groups.</summary>
    public IReadOnlyList<AddressStatus> Addresses { get; init; } = [];

    /// <summary>Its worker processes; empty for an external group.</summary>
    public IReadOnlyList<WorkerStatus> Workers { get; init; } = [];

    /// <summary>The process ids of its running workers.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> ProcessId => [.. Workers.Select(worker => worker.ProcessId).OfType<int>()];

    /// <summary>How many times a process has been started again.</summary>
    [JsonIgnore]
    public long Restarts => Traffic.Restarts ?? 0;

    /// <summary>Requests being served.</summary>
    [JsonIgnore]
    public long ActiveRequests => Traffic.ActiveRequests ?? 0;

    /// <summary>Requests waiting for a process.</summary>
    [JsonIgnore]
    public long WaitingRequests => Traffic.WaitingRequests ?? 0;

    /// <summary>The flush policy of its responses.</summary>
    public required FlushPolicyStatus FlushPolicy { get; init; }

    /// <summary>Its finished requests since the start, and its current activity.</summary>
    public TrafficStatus Traffic { get; init; } = TrafficStatus.None;

    /// <inheritdoc/>
    public override string ToString() => $"{Daemon} ({State})";
}

/// <summary>The flush policy in force for a daemon group. Pipe it to <c>Set-FlushPolicy</c> to restore a saved policy.</summary>
public sealed record FlushPolicyStatus
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The daemon group's name.</summary>
    public required string Daemon { get; init; }

    /// <summary>
    /// How long the relay waits for more before it flushes; zero flushes on any dry read. If <see cref="AutoDelay"/> is set, what it would
    /// wait now in a transfer whose flushes cost something.
    /// </summary>
    public required TimeSpan FlushDelay { get; init; }

    /// <summary>Whether each response adapts the delay to how its application writes: <c>response-flush-delay: auto</c>.</summary>
    public bool AutoDelay { get; init; }

    /// <summary>The runaway guard: a flush is forced when the chain holds more than this. Bytes.</summary>
    public required long BufferSize { get; init; }

    /// <summary>The longest a byte waits while the application trickles; zero: no deadline.</summary>
    public required TimeSpan FlushDeadline { get; init; }

    /// <summary>The delay that is set: <see cref="FlushPolicy.Auto"/> for <c>auto</c>.</summary>
    internal TimeSpan ConfiguredDelay => AutoDelay ? FlushPolicy.Auto : FlushDelay;

    /// <summary>The delay as text: <c>5 ms</c>, or <c>auto (3.2 ms)</c>.</summary>
    [JsonIgnore]
    public string ShownDelay => AutoDelay ? $"auto ({Units.FormatDuration(FlushDelay)})" : Units.FormatDuration(FlushDelay);

    /// <summary>Flushes since the start because the application stayed silent for the flush delay.</summary>
    public long IdleFlushes { get; init; }

    /// <summary>Flushes since the start because bytes had waited for the flush deadline.</summary>
    public long DeadlineFlushes { get; init; }

    /// <summary>Flushes since the start because the chain held more than the buffer size.</summary>
    public long GuardFlushes { get; init; }

    /// <summary>Flushes since the start because a response ended.</summary>
    public long EndFlushes { get; init; }
}

/// <summary>An option of a daemon group with the value in force, live changes included: an item of <c>GET /v1/options</c>.</summary>
/// <param name="Name">The front end's name.</param>
/// <param name="Daemon">The daemon group's name.</param>
/// <param name="Option">The option's key in the configuration.</param>
/// <param name="Value">Its value as a configuration would spell it; empty when nothing is set.</param>
/// <param name="IsDefault">Whether this is the value that applies when the key is omitted.</param>
public sealed record OptionStatus(string Name, string Daemon, string Option, string Value, bool IsDefault);
