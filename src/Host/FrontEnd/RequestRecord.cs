using System.Diagnostics;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Host.Requests;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The outcome of one request, for the statistics, the access log and status reports.</summary>
/// <param name="id">The number of the request since the start.</param>
/// <param name="request">The request that was received.</param>
/// <param name="start">When the request arrived, in ticks of the clock's counter.</param>
internal sealed class RequestRecord(long id, IHttpRequestFeature request, long start)
{
    /// <summary>The logged status when no application gave one because the client left: nginx's number.</summary>
    public const int ClientLeft = 499;

    /// <summary>When the request arrived, in ticks of the clock's counter.</summary>
    public long Start { get; } = start;

    /// <summary>Who sent the request; null: not determined yet.</summary>
    public Requester? Requester { get; set; }

    /// <summary>The route of the request; null: none matched.</summary>
    public Route? Route { get; set; }

    /// <summary>The requested target.</summary>
    public RequestTarget Target { get; set; }

    /// <summary>The request that was sent to the daemon; null: none.</summary>
    public DaemonRequest? Sent { get; set; }

    /// <summary>
    /// The application's status, even when the client left before receiving it, or the status sent in its place; 0: neither.
    /// </summary>
    public int Status { get; set; }

    /// <summary>The status for logs and time series; <see cref="ClientLeft"/> when the client left before there was one.</summary>
    public int LoggedStatus => Status == 0 ? ClientLeft : Status;

    /// <summary>
    /// Body bytes that did not pass through <see cref="Output"/>: those of a response sent in the application's place, and those sent to
    /// the client of an upgraded connection.
    /// </summary>
    public long Bytes { get; set; }

    /// <summary>The output of the response body while it is being sent; null before.</summary>
    public CoreOutput? Output { get; set; }

    /// <summary>The tunnel of an upgraded connection; null before the upgrade.</summary>
    public UpgradeTunnel? Tunnel { get; set; }

    /// <summary>The request's span; null: tracing is off.</summary>
    public Activity? Span { get; set; }

    /// <summary>
    /// When the head of the application's response was there, in ticks of the clock's counter; 0: never, or not measured.
    /// </summary>
    public long Answered { get; set; }

    /// <summary>The code of the event that the request ended with; null: none.</summary>
    public string? Failure { get; set; }

    /// <summary>The list in <see cref="ActiveRequests"/> that holds the record.</summary>
    public int Shelf { get; set; }

    /// <summary>The record's neighbour in that list.</summary>
    public RequestRecord? Next { get; set; }

    public RequestRecord? Previous { get; set; }

    /// <summary>The number of the request since the start.</summary>
    public long Id { get; } = id;

    public string Method => request.Method;

    /// <summary>The decoded path of the request.</summary>
    public string Path => request.Path;

    /// <summary>Bytes of the response body sent so far, while the request is being served.</summary>
    public long BytesSent => Output?.Bytes ?? Tunnel?.BytesDown ?? Bytes;

    /// <summary>The record in the form that the statistics count.</summary>
    /// <param name="duration">How long the request took.</param>
    public FinishedRequest Finish(TimeSpan duration) =>
        new(Status, Output is { Bytes: > 0 } output ? output.Taken : Bytes, Sent?.QueueTime ?? TimeSpan.Zero, duration);
}
