using System.Diagnostics;
using System.IO.Pipelines;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using DaemonProxy.Host.Wsgi;
using DaemonProxy.Relay;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Translates a client's request into the request for the daemon.</summary>
internal static class RequestTranslator
{
    /// <summary>Translates one request.</summary>
    /// <param name="exchange">
    /// The request as the server provides it; <see cref="Requester.Correct"/> has already corrected its host.
    /// </param>
    /// <param name="requester">Who sent the request.</param>
    /// <param name="target">The target that the daemon receives.</param>
    /// <param name="upgrade">The protocol that the connection may be upgraded to; null: none.</param>
    /// <param name="connection">The sender of the request, for a WSGI application's daemon; otherwise null.</param>
    /// <param name="body">The reader of the body; null: the server's own reader.</param>
    /// <exception cref="BrokenResponseException">The request contains something that no request may contain.</exception>
    public static DaemonRequest Translate(
        ClientExchange exchange, Requester requester, string target, string? upgrade, WsgiConnection? connection, PipeReader? body = null)
    {
        var request = exchange.Request;
        var headers = request.Headers;
        var framing = RequestHeaders.ReadFraming(exchange);
        var isPlain = framing == RequestFraming.None && upgrade is null;
        RequestHead head;
        if (isPlain && connection is null && exchange.Fields.Head(request.Method, target) is { } known)
        {
            head = new(known);
            CheckLines(known.AsSpan(..^2), request, target, requester);
        }
        else head = Write(exchange, requester, target, upgrade, connection, framing, isPlain);
        return new DaemonRequest
        {
            Head = head,
            IsHead = HttpMethods.IsHead(request.Method),
            Repeatable = !framing.HasBody && upgrade is null && IsIdempotent(request.Method),
            Body = framing.HasBody ? Body(exchange, headers, framing, body) : null,
        };
    }

    private static RequestHead Write(
        ClientExchange exchange, Requester requester, string target, string? upgrade, WsgiConnection? connection, RequestFraming framing,
        bool isPlain)
    {
        var request = exchange.Request;
        var head = new RequestHead();
        try
        {
            if (isPlain && exchange.Fields.AreRecognised)
            {
                head.Start(request.Method, target, exchange.Fields.Lines);
                CheckLines(head.Bytes.Span, request, target, requester);
            }
            else Start(head, request, target, requester);
            // A head for a WSGI application is another one each time: only its lines are worth keeping.
            if (isPlain && (connection is null || !exchange.Fields.AreRecognised))
                exchange.Fields.Keep(request.Headers, requester, request.Method, target, head);
            if (upgrade is not null)
            {
                head.Add("Connection", "Upgrade");
                head.Add("Upgrade", upgrade);
            }
            if (connection is not null) head.Add(WsgiConnection.Header, connection.ToString());
            head.End(framing);
            return head;
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    private static void Start(RequestHead head, IHttpRequestFeature request, string target, Requester requester)
    {
        var headers = request.Headers;
        var (host, named) = (headers.Host.ToString(), headers.Connection);
        head.Start(request.Method, target, host);
        foreach (var (name, values) in headers)
        {
            if (RequestHead.IsOwn(name) || requester.Ignores(name) || !RequestHeaders.MayPass(name, named)) continue;
            foreach (var value in values)
            {
                if (value is not null) head.Add(name, value);
            }
        }
        requester.Forward(head, host);
        // gRPC daemons insist on it, and trailers do pass through this front end.
        if (headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase)) head.Add("TE", "trailers");
    }

    // Every test whose client sends the same fields twice makes sure that they are recognised rightly.
    [Conditional("DEBUG")]
    private static void CheckLines(ReadOnlySpan<byte> head, IHttpRequestFeature request, string target, Requester requester)
    {
        using var anew = new RequestHead();
        Start(anew, request, target, requester);
        if (!head.SequenceEqual(anew.Bytes.Span))
            throw new InvalidOperationException("fields of a request were taken for others");
    }

    private static RequestBody Body(HttpExchange exchange, IHeaderDictionary headers, RequestFraming framing, PipeReader? reader) =>
        new()
        {
            Reader = reader ?? exchange.Find<IRequestBodyPipeFeature>()!.Reader,
            Framing = framing,
            // A body that has been read in is available here, so nobody has to be asked for it.
            ExpectContinue = reader is not SpooledRequest && headers.TryGetValue(HeaderNames.Expect, out var expect)
            && expect.ToString().Equals("100-continue", StringComparison.OrdinalIgnoreCase),
            Trailers = !framing.InChunks ? null : () =>
                exchange.Find<IHttpRequestTrailersFeature>() is { Available: true } trailers
                    ? trailers.Trailers.Where(trailer => IsTrailer(trailer.Key))
                    .Select(trailer => KeyValuePair.Create(trailer.Key, trailer.Value.ToString()))
                    : [],
        };

    // A server that merges trailers into the headers would take them for statements of the front end.
    private static bool IsTrailer(string name) =>
        !HopByHop.IsForbiddenTrailer(name) && !Requester.IsForwarded(name) && RequestHeaders.MayPass(name, default);

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsTrace(method);
}
