using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Host.Requests;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>What becomes of one request, for the statistics, the access log, and those who watch.</summary>
/// <param name="id">Its number since the start.</param>
/// <param name="request">What was asked for.</param>
/// <param name="start">When it came, by the clock's counter.</param>
internal sealed class RequestRecord(long id, IHttpRequestFeature request, long start)
{
    /// <summary>Stands for the status that no application gave: nginx's number.</summary>
    public const int ClientLeft = 499;

    /// <summary>When it came, by the clock's counter.</summary>
    public long Start { get; } = start;

    /// <summary>Who sent it; null: that has not been found out.</summary>
    public Requester? Requester { get; set; }

    /// <summary>Its route; null: none matched.</summary>
    public Route? Route { get; set; }

    /// <summary>What was asked for.</summary>
    public RequestTarget Target { get; set; }

    /// <summary>What was sent to the daemon; null: nothing.</summary>
    public DaemonRequest? Sent { get; set; }

    /// <summary>
    /// The application's status, also where the client has left before it got it; or the one given in its stead; 0: neither.
    /// </summary>
    public int Status { get; set; }

    /// <summary>
    /// The status for logs and time series: where there is none, for a client that left before, <see cref="ClientLeft"/>.
    /// </summary>
    public int LoggedStatus => Status == 0 ? ClientLeft : Status;

    /// <summary>
    /// Bytes of a body that did not go through <see cref="Output"/>: of an answer in the application's stead, or to the client of an
    /// upgraded connection.
    /// </summary>
    public long Bytes { get; set; }

    /// <summary>Where its body goes while it is sent; null before.</summary>
    public CoreOutput? Output { get; set; }

    /// <summary>Where its bytes pass once the connection is upgraded; null before.</summary>
    public UpgradeTunnel? Tunnel { get; set; }

    /// <summary>Its list in <see cref="ActiveRequests"/>.</summary>
    public int Shelf { get; set; }

    /// <summary>Its neighbour in that list.</summary>
    public RequestRecord? Next { get; set; }

    public RequestRecord? Previous { get; set; }

    /// <summary>Its number since the start.</summary>
    public long Id { get; } = id;

    public string Method => request.Method;

    /// <summary>The request's path, decoded.</summary>
    public string Path => request.Path;

    /// <summary>Bytes of the response's body sent so far, while it is being served.</summary>
    public long BytesSent => Output?.Bytes ?? Tunnel?.BytesDown ?? Bytes;

    /// <summary>The record as it is counted.</summary>
    /// <param name="duration">How long the request took.</param>
    public FinishedRequest Finish(TimeSpan duration) =>
        new(Status, Output is { Bytes: > 0 } output ? output.Taken : Bytes, Sent?.QueueTime ?? TimeSpan.Zero, duration);
}
