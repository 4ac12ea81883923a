using DaemonProxy.Daemons;
using DaemonProxy.Host.Wsgi;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Makes of a client's request the one that goes to the daemon.</summary>
internal static class RequestTranslator
{
    /// <summary>Translates.</summary>
    /// <param name="features">The request as the server gives it.</param>
    /// <param name="requester">Who sent it.</param>
    /// <param name="prefix">The path prefix to take off; null: none.</param>
    /// <param name="connection">For a WSGI application's daemon: who sent it, in place of <c>X-Forwarded-*</c>; else null.</param>
    public static DaemonRequest Translate(IFeatureCollection features, Requester requester, string? prefix, WsgiConnection? connection)
    {
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        var headers = request.Headers;
        var head = new RequestHead();
        head.Start(request.Method, RequestTarget.Of(request.RawTarget, request.Path, request.QueryString, prefix));

        var hasBody = HasBody(features);
        var chunked = hasBody && headers.ContentLength is null;
        var upgrades = features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;
        var named = headers.Connection;
        foreach (var (name, values) in headers)
        {
            if (!MayPass(name, named)) continue;
            foreach (var value in values)
            {
                if (value is not null) head.Add(name, value);
            }
        }
        if (upgrades)
        {
            head.Add("Connection", "Upgrade");
            head.Add("Upgrade", headers.Upgrade.ToString());
        }
        if (chunked) head.Add("Transfer-Encoding", "chunked");
        // gRPC daemons insist on it, and trailers do pass here.
        if (headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase)) head.Add("TE", "trailers");
        if (connection is null) AddForwarded(head, requester, request);
        else head.Add(WsgiConnection.Header, connection.ToString());
        head.End();

        return new DaemonRequest
        {
            Head = head,
            IsHead = HttpMethods.IsHead(request.Method),
            Repeatable = !hasBody && !upgrades && IsIdempotent(request.Method),
            Body = hasBody ? Body(features, headers, chunked) : null,
        };
    }

    /// <summary>Whether the request has a body.</summary>
    public static bool HasBody(IFeatureCollection features) =>
        features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && features.GetRequiredFeature<IHttpRequestFeature>().Headers.ContentLength != 0;

    /// <summary>Whether a client's header is for the application to see.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connection">The Connection header, which may name others.</param>
    public static bool MayPass(string name, Microsoft.Extensions.Primitives.StringValues connection)
    {
        if (name.StartsWith(':') || HopByHop.IsHopByHop(name)) return false;
        // An underscore becomes the same CGI variable as a dash: X_Forwarded_For would pass for ours. Apache and nginx drop it as well.
        if (name.Contains('_', StringComparison.Ordinal)) return false;
        // These are ours to say, not the client's; "Proxy" would become HTTP_PROXY in a CGI environment.
        if (name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-DaemonProxy-", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Proxy", StringComparison.OrdinalIgnoreCase))
            return false;
        foreach (var line in connection)
        {
            foreach (var option in line.AsSpan().Split(','))
            {
                if (line.AsSpan(option).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return false;
            }
        }
        return true;
    }

    private static void AddForwarded(RequestHead head, Requester requester, IHttpRequestFeature request)
    {
        if (requester.NextChain is { } chain) head.Add("X-Forwarded-For", chain);
        head.Add("X-Forwarded-Proto", requester.Scheme);
        if (requester.Host is not null) head.Add("X-Forwarded-Host", requester.Host);
        else if (request.Headers.Host is { Count: > 0 } host) head.Add("X-Forwarded-Host", host.ToString());
    }

    private static RequestBody Body(IFeatureCollection features, IHeaderDictionary headers, bool chunked) => new()
    {
        Reader = features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader,
        Chunked = chunked,
        ExpectContinue = headers.TryGetValue(HeaderNames.Expect, out var expect) && expect.ToString().Equals("100-continue", StringComparison.OrdinalIgnoreCase),
        Trailers = !chunked ? null : () =>
            features.Get<IHttpRequestTrailersFeature>() is { Available: true } trailers
                ? trailers.Trailers.Select(trailer => KeyValuePair.Create(trailer.Key, trailer.Value.ToString()))
                : [],
    };

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsTrace(method);
}
