using System.Text.Json.Serialization;

namespace DaemonProxy.Statistics;

/// <summary>
/// The requests that a front end, or one of its daemon groups or routes, has finished since the front end started. A restart of daemons
/// keeps the counts.
/// </summary>
public sealed record TrafficStatus
{
    /// <summary>The counts before the first request.</summary>
    public static TrafficStatus None { get; } = new();

    /// <summary>The front end's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether the counts are for the whole front end, a daemon group, or a route.</summary>
    public string Scope { get; init; } = nameof(StatisticsScope.FrontEnd);

    /// <summary>The group's name or the route's path; null for the whole front end.</summary>
    public string? Target { get; init; }

    /// <summary>Finished requests.</summary>
    public long Requests { get; init; }

    /// <summary>Bytes of response bodies sent; excludes what passed through upgraded connections.</summary>
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

    /// <summary>Requests whose client left before the application returned a status.</summary>
    public long ClientLeft { get; init; }

    /// <summary>Total time that requests waited for a worker.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>Total time that requests took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Average time that a request waited for a worker.</summary>
    [JsonIgnore]
    public TimeSpan MeanQueueTime => Requests == 0 ? TimeSpan.Zero : QueueTime / Requests;

    /// <summary>Average time that a request took in all.</summary>
    [JsonIgnore]
    public TimeSpan MeanDuration => Requests == 0 ? TimeSpan.Zero : Duration / Requests;

    /// <summary>Requests being served now; null for a route, because only groups and the whole front end count them.</summary>
    public long? ActiveRequests { get; init; }

    /// <summary>Requests waiting for a worker now; null except for a group.</summary>
    public long? WaitingRequests { get; init; }

    /// <summary>Restarts of workers; null except for a group.</summary>
    public long? Restarts { get; init; }

    /// <summary>Restarts by reason, the most frequent first; null except for a group.</summary>
    public IReadOnlyDictionary<string, long>? RestartsByReason { get; init; }

    /// <summary>
    /// Flushes because the application stayed silent for the flush delay. Like the other flush counts, it includes responses in flight.
    /// </summary>
    public long IdleFlushes { get; init; }

    /// <summary>Flushes because bytes had waited for the flush deadline.</summary>
    public long DeadlineFlushes { get; init; }

    /// <summary>Flushes because the chain held more than the buffer size.</summary>
    public long GuardFlushes { get; init; }

    /// <summary>Flushes because a response ended.</summary>
    public long EndFlushes { get; init; }

    /// <summary>How the responses were written: dry spells, what came between them, and how long output was held.</summary>
    public WritingStatus Writing { get; init; } = WritingStatus.None;
}

/// <summary>What a set of counts covers.</summary>
public enum StatisticsScope
{
    /// <summary>The whole front end, including requests that no route matched.</summary>
    FrontEnd,

    /// <summary>A daemon group.</summary>
    Daemon,

    /// <summary>A route.</summary>
    Route,
}
