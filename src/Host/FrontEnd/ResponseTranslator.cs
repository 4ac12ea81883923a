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

    /// <summary>Answers in the daemon's stead: the status, and a line of text that names the event an operator finds in the log.</summary>
    /// <returns>The bytes of the body.</returns>
    /// <param name="features">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="code">The event's code; may be empty.</param>
    /// <param name="closes">Whether the client's connection ends with it.</param>
    public static async Task<int> RefuseAsync(IFeatureCollection features, int status, string code, bool closes = false)
    {
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        response.Headers.Clear();
        response.StatusCode = status;
        response.ReasonPhrase = null;
        var text = System.Text.Encoding.ASCII.GetBytes($"{status} {Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status)}{(code.Length > 0 ? $" ({code})" : "")}\n");
        response.Headers.ContentType = "text/plain";
        response.Headers.ContentLength = text.Length;
        if (closes && features.GetRequiredFeature<IHttpRequestFeature>().Protocol.StartsWith("HTTP/1.", StringComparison.Ordinal)) response.Headers.Connection = "close";
        // In other letters it is a method of which the server knows nothing.
        if (features.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD") return 0;
        await features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(text).ConfigureAwait(false);
        return text.Length;
    }
}
