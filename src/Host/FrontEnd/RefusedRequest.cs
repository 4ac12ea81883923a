using DaemonProxy.Events;
using DaemonProxy.Relay;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Requests whose framing cannot be trusted, with the codes of the original. The server refuses most of them itself; what it lets pass, and the original does
/// not, is refused here: a body in another coding than chunked would go on without its coding, and two lengths are how requests are smuggled.
/// </summary>
internal static class RefusedRequest
{
    /// <summary>Which event it is that the server has refused a request.</summary>
    /// <param name="failure">What the server says; its reasons have no other public name than their text.</param>
    public static EventDefinition Reason(BadHttpRequestException failure) =>
        failure.Message.Contains("transfer coding", StringComparison.OrdinalIgnoreCase) ? EventCatalogue.TransferEncodingRefused
        : failure.Message.Contains("content length", StringComparison.OrdinalIgnoreCase) || failure.Message.Contains("Content-Length", StringComparison.Ordinal) ? EventCatalogue.ContentLengthRefused
        : EventCatalogue.RequestMalformed;

    /// <summary>Refuses what the server has let pass.</summary>
    /// <exception cref="BrokenResponseException">The request may not be served.</exception>
    public static void Check(IHttpRequestFeature request)
    {
        CheckEscapes(request.RawTarget);
        var headers = request.Headers;
        if (headers.TransferEncoding is not { Count: > 0 } coding) return;
        if (coding.Count > 1 || !string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase))
            throw new BrokenResponseException(EventCatalogue.TransferEncodingRefused, $"'{coding}'");
        // Where both are sent the server takes the length out of the way, under this name.
        if (headers.ContainsKey("X-Content-Length"))
            throw new BrokenResponseException(EventCatalogue.ContentLengthWithChunked, "");
    }

    // In a path two hexadecimal digits follow a percent sign (RFC 3986, section 2.1); Apache and nginx answer 400 too. A query is the
    // application's to read.
    private static void CheckEscapes(string target)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target.AsSpan(0, query);
        for (var at = path.IndexOf('%'); at >= 0;)
        {
            path = path[(at + 1)..];
            if (path.Length < 2 || !char.IsAsciiHexDigit(path[0]) || !char.IsAsciiHexDigit(path[1]))
            {
                var found = path[..Math.Min(2, path.Length)];
                throw new BrokenResponseException(EventCatalogue.RequestMalformed, $"'%' is followed by '{found}' in the path, not by two hexadecimal digits");
            }
            at = path.IndexOf('%');
        }
    }
}
