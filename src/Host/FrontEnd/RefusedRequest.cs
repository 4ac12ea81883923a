using System.Reflection;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Refuses requests that can be read in two ways or whose framing cannot be trusted, with the codes of the original. The server itself
/// refuses most of them. Those that it lets through are refused here, before the route lookup and before a daemon sees a byte: what one
/// program tolerates, the next one misreads.
/// </summary>
internal static class RefusedRequest
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

    // The only one of the server's reasons that is not text for people. It is looked up in a way that trimming recognises, and is null
    // where the server no longer has any.
#pragma warning disable CS0618 // The type is deprecated in favour of its base class, which does not have the reason.
    private static readonly PropertyInfo? ServerReason =
        typeof(Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException)
            .GetProperty("Reason", BindingFlags.Instance | BindingFlags.NonPublic);
#pragma warning restore CS0618

    /// <summary>The event for a request that the server has refused.</summary>
    public static EventDefinition Reason(BadHttpRequestException failure) => NameOfReason(failure) switch
    {
        "FinalTransferCodingNotChunked" => EventCatalogue.TransferEncodingRefused,
        "InvalidContentLength" or "MultipleContentLengths" or "LengthRequiredHttp10" => EventCatalogue.ContentLengthRefused,
        _ => EventCatalogue.RequestMalformed,
    };

    private static string? NameOfReason(BadHttpRequestException failure) =>
        ServerReason?.DeclaringType!.IsInstanceOfType(failure) == true ? ServerReason.GetValue(failure)?.ToString() : null;

    /// <summary>Whether the bytes after the request cannot be trusted; if so, its connection closes with the response.</summary>
    public static bool LosesFraming(EventDefinition reason) =>
        reason == EventCatalogue.TransferEncodingRefused || reason == EventCatalogue.ContentLengthWithChunked
            || reason == EventCatalogue.ContentLengthRefused;

    /// <summary>Refuses requests that the server has let through.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="requester">Who sent it; a header that says otherwise is not looked at.</param>
    /// <exception cref="BrokenResponseException">The request must not be served.</exception>
    public static void Check(ClientExchange exchange, Requester requester)
    {
        var request = exchange.Request;
        CheckMethod(request.Method);
        var headers = request.Headers;
        if (!exchange.Fields.TryRecognise(headers, requester)) CheckFields(headers, requester);
        CheckCoding(request.Protocol, headers);
        // This must happen before a daemon sees the head, or it would wait for a body that is never sent.
        if (headers.ContentLength is { } length && exchange.BodySize?.MaxRequestBodySize is { } most
            && length > most)
        {
            var tooLarge = new BadHttpRequestException(
                $"a Content-Length of {length}, and limit-request-body is {most}", StatusCodes.Status413PayloadTooLarge);
            throw new BrokenResponseException(EventCatalogue.RequestBodyReadError, tooLarge.Message, tooLarge);
        }
    }

    private static void CheckFields(IHeaderDictionary headers, Requester requester)
    {
        foreach (var (name, values) in headers)
        {
            if (requester.Ignores(name)) continue;
            if (!FieldSyntax.IsName(name) && !name.StartsWith(':'))
                throw new BrokenResponseException(EventCatalogue.RequestMalformed, "the name of a header field is no token");
            foreach (var value in values)
            {
                if (!FieldSyntax.IsValue(value))
                    throw new BrokenResponseException(EventCatalogue.RequestMalformed, $"the value of {name} holds a control character");
            }
        }
    }

    // A daemon does not recognise HEAD in any other letter case; its response would have a body that nobody expects.
    private static void CheckMethod(string method)
    {
        foreach (var known in Methods)
        {
            if (known == method) return;
            if (known.Equals(method, StringComparison.OrdinalIgnoreCase))
                throw new BrokenResponseException(EventCatalogue.MethodNotServed, $"'{method}'; methods are written in capitals");
        }
        if (!FieldSyntax.IsName(method)) throw new BrokenResponseException(EventCatalogue.RequestMalformed, "its method is no token");
    }

    private static void CheckCoding(string protocol, IHeaderDictionary headers)
    {
        if (headers.TransferEncoding is not { Count: > 0 } coding) return;
        // RFC 9112, section 6.1: the framing is then faulty, even with a length beside it.
        if (protocol == "HTTP/1.0")
            throw new BrokenResponseException(EventCatalogue.ContentLengthWithChunked, "a transfer coding in HTTP/1.0");
        if (coding.Count > 1 || !string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase))
            throw new BrokenResponseException(EventCatalogue.TransferEncodingRefused, $"'{coding}'");
        // When both headers are present, the server moves the length out of the way, to this name.
        if (headers.ContainsKey("X-Content-Length"))
            throw new BrokenResponseException(EventCatalogue.ContentLengthWithChunked, "");
    }
}
