using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Makes of a daemon's response head the one that goes to the client.</summary>
internal static class ResponseTranslator
{
    /// <summary>Translates.</summary>
    /// <returns>Whether the body is to be framed in chunks by us. Kestrel would do it too, but it ends a body with its last chunk
    /// whatever has happened before, and knows no trailers in HTTP/1.1.</returns>
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
            // Its body, if a daemon sends one, is none (RFC 9110, section 15.3.6).
            headers.ContentLength = 0;
            return false;
        }
        if (head.ContentLength is { } length && head.Status != StatusCodes.Status204NoContent) headers.ContentLength = length;

        var chunked = head.Framing is BodyFraming.Chunked or BodyFraming.Close && request.Protocol == "HTTP/1.1";
        if (chunked) headers.TransferEncoding = "chunked";
        return chunked;
    }
}
