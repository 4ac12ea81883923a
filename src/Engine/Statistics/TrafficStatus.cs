using System.Text.Json.Serialization;

namespace DaemonProxy.Statistics;

/// <summary>
/// The requests that a front end, one of its daemon groups or one of its routes has finished since the front end's start. A restart of
/// daemons keeps the counts.
/// </summary>
public sealed record TrafficStatus
{
    /// <summary>Before the first request.</summary>
    public static TrafficStatus None { get; } = new();

    /// <summary>The front end's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether it is about the whole front end, a daemon group, or a route.</summary>
    public StatisticsScope Scope { get; init; }

    /// <summary>The group's name or the route's path; null for the whole front end.</summary>
    public string? Target { get; init; }

    /// <summary>Finished requests.</summary>
    public long Requests { get; init; }

    /// <summary>Bytes of response bodies sent; what passed through upgraded connections is not in it.</summary>
    public long Bytes { get; init; }

    /// <summary>Upgraded connections (status 101).</summary>
    public long Upgraded { get; init; }

    /// <summary>Requests with a status 2xx.</summary>
    public long Success { get; init; }

    /// <summary>Requests with a status 3xx.</summary>
    public long Redirection { get; init; }

    /// <summary>Requests with a status 4xx.</summary>
    public long ClientError { get; init; }

    /// <summary>Requests with a status 5xx.</summary>
    public long ServerError { get; init; }

    /// <summary>Requests whose client left before the application gave a status.</summary>
    public long ClientLeft { get; init; }

    /// <summary>How long they waited for a worker, together.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>How long they took, together.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How long a request waited for a worker, on average.</summary>
    [JsonIgnore]
    public TimeSpan MeanQueueTime => Requests == 0 ? TimeSpan.Zero : QueueTime / Requests;

    /// <summary>How long a request took in all, on average.</summary>
    [JsonIgnore]
    public TimeSpan MeanDuration => Requests == 0 ? TimeSpan.Zero : Duration / Requests;

    /// <summary>Requests being served now; for a route null, for only groups and the whole front end count them.</summary>
    public long? ActiveRequests { get; init; }

    /// <summary>Requests waiting for a worker now; null but for a group.</summary>
    public long? WaitingRequests { get; init; }

    /// <summary>How often workers were started again; null but for a group.</summary>
    public long? Restarts { get; init; }

    /// <summary>The same by reason, the most frequent first; null but for a group.</summary>
    public IReadOnlyDictionary<string, long>? RestartsByReason { get; init; }

    /// <summary>
    /// Flushes because the application stayed silent for the flush delay; those in responses under way are in it, as for the other reasons.
    /// </summary>
    public long IdleFlushes { get; init; }

    /// <summary>Flushes because bytes had waited for the flush deadline.</summary>
    public long DeadlineFlushes { get; init; }

    /// <summary>Flushes because the chain held more than the buffer size.</summary>
    public long GuardFlushes { get; init; }

    /// <summary>Flushes because a response ended.</summary>
    public long EndFlushes { get; init; }
}

/// <summary>What a statistic is about.</summary>
public enum StatisticsScope
{
    /// <summary>The whole front end, requests that no route matched included.</summary>
    FrontEnd,

    /// <summary>A daemon group.</summary>
    Daemon,

    /// <summary>A route.</summary>
    Route,
}
