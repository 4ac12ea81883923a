using System.Collections;
using DaemonProxy.Statistics;

namespace DaemonProxy.Cmdlets;

/// <summary>The requests that a front end, one of its daemon groups or one of its routes has finished since the front end's start. A restart of daemons keeps the counts.</summary>
public sealed class StatisticsInfo
{
    internal StatisticsInfo(string name, StatisticsScope scope, string? target, TrafficStatus traffic)
    {
        Name = name;
        Scope = scope;
        Target = target;
        Requests = traffic.Requests;
        Bytes = traffic.Bytes;
        Upgraded = traffic.Statuses.Informational;
        Success = traffic.Statuses.Success;
        Redirection = traffic.Statuses.Redirection;
        ClientError = traffic.Statuses.ClientError;
        ServerError = traffic.Statuses.ServerError;
        ClientLeft = Requests - Upgraded - Success - Redirection - ClientError - ServerError;
        MeanQueueTime = Requests == 0 ? TimeSpan.Zero : traffic.QueueTime / Requests;
        MeanDuration = Requests == 0 ? TimeSpan.Zero : traffic.Duration / Requests;
        IdleFlushes = traffic.Flushes.Idle;
        DeadlineFlushes = traffic.Flushes.Deadline;
        GuardFlushes = traffic.Flushes.Guard;
        EndFlushes = traffic.Flushes.End;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>Whether it is about the whole front end, a daemon group, or a route.</summary>
    public StatisticsScope Scope { get; }

    /// <summary>The group's name or the route's path; null for the whole front end.</summary>
    public string? Target { get; }

    /// <summary>Finished requests.</summary>
    public long Requests { get; }

    /// <summary>Bytes of response bodies sent; what passed through upgraded connections is not in it.</summary>
    public long Bytes { get; }

    /// <summary>Upgraded connections (status 101).</summary>
    public long Upgraded { get; }

    /// <summary>Requests with a status 2xx.</summary>
    public long Success { get; }

    /// <summary>Requests with a status 3xx.</summary>
    public long Redirection { get; }

    /// <summary>Requests with a status 4xx.</summary>
    public long ClientError { get; }

    /// <summary>Requests with a status 5xx.</summary>
    public long ServerError { get; }

    /// <summary>Requests whose client left before the application gave a status.</summary>
    public long ClientLeft { get; }

    /// <summary>How long a request waited for a worker, on average.</summary>
    public TimeSpan MeanQueueTime { get; }

    /// <summary>How long a request took in all, on average.</summary>
    public TimeSpan MeanDuration { get; }

    /// <summary>Requests being served now; for a route null, for only groups and the whole front end count them.</summary>
    public long? ActiveRequests { get; internal init; }

    /// <summary>Requests waiting for a worker now; null but for a group.</summary>
    public long? WaitingRequests { get; internal init; }

    /// <summary>How often workers were started again; null but for a group.</summary>
    public long? Restarts { get; internal init; }

    /// <summary>The same by reason; null but for a group.</summary>
    public IDictionary? RestartsByReason { get; internal init; }

    /// <summary>Flushes because the application stayed silent for the flush delay.</summary>
    public long IdleFlushes { get; }

    /// <summary>Flushes because bytes had waited for the flush deadline.</summary>
    public long DeadlineFlushes { get; }

    /// <summary>Flushes because the chain held more than the buffer size.</summary>
    public long GuardFlushes { get; }

    /// <summary>Flushes because a response ended.</summary>
    public long EndFlushes { get; }
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
