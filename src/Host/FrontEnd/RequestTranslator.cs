using System.IO.Pipelines;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Wsgi;
using DaemonProxy.Relay;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Makes of a client's request the one that goes to the daemon.</summary>
internal static class RequestTranslator
{
    /// <summary>Translates.</summary>
    /// <param name="features">The request as the server gives it; <see cref="Requester.Forward"/> has put its <c>X-Forwarded-*</c> and its host in order.</param>
    /// <param name="target">The target for the daemon.</param>
    /// <param name="upgrade">The protocol that the connection may be upgraded to; null: none.</param>
    /// <param name="connection">For a WSGI application's daemon: who sent it; else null.</param>
    /// <param name="body">Where the body is read from; null: the server's own reader.</param>
    /// <exception cref="BrokenResponseException">The request holds what none may hold.</exception>
    public static DaemonRequest Translate(IFeatureCollection features, string target, string? upgrade, WsgiConnection? connection, PipeReader? body = null)
    {
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        var headers = request.Headers;
        var framing = FramingOf(features);
        var head = new RequestHead();
        try
        {
            head.Start(request.Method, target, headers.Host.ToString());
            foreach (var (name, values) in headers)
            {
                if (RequestHead.IsOwn(name) || !MayPass(name, headers.Connection)) continue;
                foreach (var value in values)
                {
                    if (value is not null) head.Add(name, value);
                }
            }
            if (upgrade is not null)
            {
                head.Add("Connection", "Upgrade");
                head.Add("Upgrade", upgrade);
            }
            // gRPC daemons insist on it, and trailers do pass here.
            if (headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase)) head.Add("TE", "trailers");
            if (connection is not null) head.Add(WsgiConnection.Header, connection.ToString());
            head.End(framing);
        }
        catch
        {
            head.Dispose();
            throw;
        }

        return new DaemonRequest
        {
            Head = head,
            IsHead = HttpMethods.IsHead(request.Method),
            Repeatable = !framing.HasBody && upgrade is null && IsIdempotent(request.Method),
            Body = framing.HasBody ? Body(features, headers, framing, body) : null,
        };
    }

    /// <summary>How the request's body is framed towards the daemon: by what the server reads, not by what the headers say.</summary>
    public static RequestFraming FramingOf(IFeatureCollection features)
    {
        var length = features.GetRequiredFeature<IHttpRequestFeature>().Headers.ContentLength;
        var canHaveBody = features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (length is { } bytes && (canHaveBody || bytes == 0)) return RequestFraming.OfLength(bytes);
        return canHaveBody ? RequestFraming.Chunked : RequestFraming.None;
    }

    /// <summary>Whether a client's header is for the application to see.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connection">The Connection header, which may name others.</param>
    public static bool MayPass(string name, Microsoft.Extensions.Primitives.StringValues connection)
    {
        if (name.StartsWith(':') || HopByHop.IsHopByHop(name)) return false;
        // An underscore becomes the same CGI variable as a dash: X_Forwarded_For would pass for ours. Apache and nginx drop it as well.
        if (name.Contains('_', StringComparison.Ordinal)) return false;
        // This is ours to say, not the client's; "Proxy" would become HTTP_PROXY in a CGI environment.
        if (name.StartsWith("X-DaemonProxy-", StringComparison.OrdinalIgnoreCase) || name.Equals("Proxy", StringComparison.OrdinalIgnoreCase)) return false;
        return connection.Count == 0 || !IsNamed(name, connection) || HopByHop.StaysWhenNamed(name);
    }

    private static bool IsNamed(string name, Microsoft.Extensions.Primitives.StringValues connection)
    {
        foreach (var line in connection)
        {
            foreach (var option in line.AsSpan().Split(','))
            {
                if (line.AsSpan(option).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
            }
        }
        return false;
    }

    private static RequestBody Body(IFeatureCollection features, IHeaderDictionary headers, RequestFraming framing, PipeReader? reader) => new()
    {
        Reader = reader ?? features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader,
        Framing = framing,
        // One that has been taken in is here; nobody has to be asked for it.
        ExpectContinue = reader is not SpooledRequest && headers.TryGetValue(HeaderNames.Expect, out var expect) && expect.ToString().Equals("100-continue", StringComparison.OrdinalIgnoreCase),
        Trailers = !framing.InChunks ? null : () =>
            features.Get<IHttpRequestTrailersFeature>() is { Available: true } trailers
                ? trailers.Trailers.Where(trailer => IsTrailer(trailer.Key)).Select(trailer => KeyValuePair.Create(trailer.Key, trailer.Value.ToString()))
                : [],
    };

    // A server that merges trailers into the headers would take them for what the front end has said.
    private static bool IsTrailer(string name) =>
        !HopByHop.IsForbiddenTrailer(name) && !name.StartsWith(Requester.ForwardedPrefix, StringComparison.OrdinalIgnoreCase) && MayPass(name, default);

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsTrace(method);
}
