using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Translates a daemon's response head into the one for the client.</summary>
internal static class ResponseTranslator
{
    /// <summary>Translates one response head.</summary>
    /// <returns>
    /// Whether this program frames the body in chunks. Kestrel could do so too, but it ends every body with the last chunk, whatever has
    /// happened before, and does not support trailers in HTTP/1.1.
    /// </returns>
    public static bool Translate(ResponseHead head, IHttpRequestFeature request, IHttpResponseFeature response)
    {
        response.StatusCode = head.Status;
        response.ReasonPhrase = head.Reason;
        var headers = response.Headers;
        foreach (var (name, value) in head.Headers)
        {
            if (!ResponseWishes.IsWish(name)) headers.Append(name, value);
        }
        if (head.Status == StatusCodes.Status205ResetContent)
        {
            // If a daemon sends a body with it, that body does not count (RFC 9110, section 15.3.6).
            headers.ContentLength = 0;
            return false;
        }
        if (head.ContentLength is { } length && head.Status != StatusCodes.Status204NoContent) headers.ContentLength = length;

        var chunked = head.Framing is BodyFraming.Chunked or BodyFraming.Close && request.Protocol == "HTTP/1.1";
        if (chunked) headers.TransferEncoding = "chunked";
        return chunked;
    }
}
