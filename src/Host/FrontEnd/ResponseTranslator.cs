using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Translates a daemon's response head into the one for the client.</summary>
internal static class ResponseTranslator
{
    // Comparing each name with all before it is quick for a usual head alone.
    private const int MostCompared = 16;

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
        var (fields, isEmpty) = (head.Headers, headers.Count == 0);
        for (var i = 0; i < fields.Count; i++)
        {
            var (name, value) = fields[i];
            if (ResponseWishes.IsWish(name)) continue;
            // Appending looks for the name twice, and leaves out a field without a value.
#pragma warning disable ASP0019 // It is not there yet.
            if (isEmpty && value.Length > 0 && IsFirst(fields, i)) headers.Add(name, value);
#pragma warning restore ASP0019
            else headers.Append(name, value);
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

    private static bool IsFirst(List<KeyValuePair<string, string>> fields, int index)
    {
        if (index >= MostCompared) return false;
        var name = fields[index].Key;
        for (var i = 0; i < index; i++)
        {
            if (fields[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase)) return false;
        }
        return true;
    }
}
