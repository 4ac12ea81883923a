using DaemonProxy.Events;
using DaemonProxy.Relay;
using Microsoft.AspNetCore.Http;

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
    public static void Check(IHeaderDictionary headers)
    {
        if (headers.TransferEncoding is not { Count: > 0 } coding) return;
        if (coding.Count > 1 || !string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase))
            throw new BrokenResponseException(EventCatalogue.TransferEncodingRefused, $"'{coding}'");
        // Where both are sent the server takes the length out of the way, under this name.
        if (headers.ContainsKey("X-Content-Length"))
            throw new BrokenResponseException(EventCatalogue.ContentLengthWithChunked, "");
    }
}
