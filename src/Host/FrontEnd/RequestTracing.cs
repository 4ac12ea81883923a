using System.Diagnostics;
using System.Globalization;
using System.Text;
using DaemonProxy.Host.Telemetry;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Makes each request a span, named and described by OpenTelemetry's conventions for HTTP servers, whose parent is the client's span and
/// which is itself the parent of what the application makes of the request. The times in the queue, at the daemon and in the relay are
/// attributes of it: spans of their own would say no more and cost three times as much.
/// </summary>
/// <param name="source">The source of the spans.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestTracing(ActivitySource source, TimeProvider time)
{
    private const string Redacted = "REDACTED";
    private static readonly object NoTime = 0.0;

    // Most requests ask for the host that the one before asked for.
    private volatile Server _server = new("", "", null);

    /// <summary>
    /// Begins the span, and tells the application of it in the request's own headers. A trace that the client states in a way that is not
    /// valid is not passed on.
    /// </summary>
    public void Begin(IHttpRequestFeature request, RequestRecord record)
    {
        var headers = request.Headers;
        var parent = TraceContext.Read(headers.TraceParent, headers.TraceState);
        var span = source.CreateActivity(
            RequestMethod.Known(request.Method), ActivityKind.Server, parent ?? default, idFormat: ActivityIdFormat.W3C);
        if (span is null) return;
        span.Start();
        // Whoever starts a timer or keeps a connection during the request must not keep its span alive.
        Activity.Current = null;
        record.Span = span;
        headers.TraceParent = span.Id;
        headers.TraceState = span.TraceStateString;
    }

    /// <summary>Ends the span of a finished request.</summary>
    public void End(IHttpRequestFeature request, RequestRecord record, in FinishedRequest finished)
    {
        var span = record.Span!;
        if (span.IsAllDataRequested) Describe(span, request, record, finished);
        span.SetEndTime(span.StartTimeUtc + finished.Duration);
        span.Stop();
    }

    private void Describe(Activity span, IHttpRequestFeature request, RequestRecord record, in FinishedRequest finished)
    {
        var method = span.OperationName;
        var route = record.Route?.Options;
        if (route is not null) span.DisplayName = $"{method} {route.Path}";
        // Each of these is set once, which AddTag, unlike SetTag, need not check.
        span.AddTag("http.request.method", method);
        if (method == RequestMethod.Other) span.AddTag("http.request.method_original", request.Method);
        if (record.Requester is { } requester)
        {
            span.AddTag("url.scheme", requester.Scheme);
            if (requester.Client is { } client) span.AddTag("client.address", client.ToString());
        }
        if (record.Target.Path.Encoded is { } path) span.AddTag("url.path", path);
        if (record.Target.Query is { Length: > 1 } query) span.AddTag("url.query", Redact(query));
        var server = ServerOf(record.Requester?.Host ?? request.Headers.Host.ToString());
        if (server.Address.Length > 0) span.AddTag("server.address", server.Address);
        if (server.Port is { } port) span.AddTag("server.port", port);
        span.AddTag("network.protocol.version", Version(request.Protocol));
        if (request.Headers.UserAgent is { Count: > 0 } agent) span.AddTag("user_agent.original", agent.ToString());
        if (record.Status != 0) span.AddTag("http.response.status_code", ResponseStatus.Boxed(record.Status));
        if (route is not null) span.AddTag("http.route", route.Path);
        if (route?.Daemon is { } daemon) span.AddTag("daemonproxy.daemon", daemon);
        DescribeTimes(span, record, finished);
        // Convention: a client that asks wrongly (4xx) is no error of the server; a response that breaks off is one whatever its status.
        if (record.Status < 500 && record.Failure is null) return;
        if (record.Status is >= 500 or < 400) span.SetStatus(ActivityStatusCode.Error);
        span.AddTag("error.type", record.Failure ?? record.Status.ToString(CultureInfo.InvariantCulture));
    }

    private void DescribeTimes(Activity span, RequestRecord record, in FinishedRequest finished)
    {
        if (record.Answered == 0) return;
        var before = time.GetElapsedTime(record.Start, record.Answered);
        span.AddTag("daemonproxy.queue.time", finished.QueueTime == TimeSpan.Zero ? NoTime : finished.QueueTime.TotalSeconds);
        span.AddTag("daemonproxy.daemon.time", (before - finished.QueueTime).TotalSeconds);
        span.AddTag("daemonproxy.relay.time", (finished.Duration - before).TotalSeconds);
    }

    private Server ServerOf(string host)
    {
        if (_server is var known && known.Host == host) return known;
        var parts = HostString.FromUriComponent(host);
        return _server = new(host, parts.Host, parts.Port);
    }

    private static string Version(string protocol) => protocol switch
    {
        "HTTP/1.1" => "1.1",
        "HTTP/2" => "2",
        _ => protocol[(protocol.IndexOf('/', StringComparison.Ordinal) + 1)..],
    };

    /// <summary>
    /// A query with every value left out, and every part that is not a name and a value: the conventions demand it of known secrets, and
    /// which ones an application has is not known here.
    /// </summary>
    private static string Redact(string query)
    {
        var text = new StringBuilder(query.Length);
        foreach (var range in query.AsSpan(1).Split('&'))
        {
            if (text.Length > 0) text.Append('&');
            var part = query.AsSpan(1)[range];
            var equals = part.IndexOf('=');
            if (equals > 0) text.Append(part[..(equals + 1)]);
            if (!part.IsEmpty) text.Append(Redacted);
        }
        return text.ToString();
    }

    private sealed record Server(string Host, string Address, object? Port);
}
