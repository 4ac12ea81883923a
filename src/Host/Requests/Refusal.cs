using System.Text;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.WebUtilities;

namespace DaemonProxy.Host.Requests;

/// <summary>The response to a request that no application answers.</summary>
internal static class Refusal
{
    /// <summary>Responds in the daemon's place with the status and a line of text that names the event in the operator's log.</summary>
    /// <returns>The number of bytes in the body.</returns>
    /// <param name="exchange">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="code">The event's code; may be empty.</param>
    /// <param name="closes">Whether the client's connection ends with the response.</param>
    public static async Task<int> AnswerAsync(HttpExchange exchange, int status, string code, bool closes = false)
    {
        var response = exchange.Response;
        response.Headers.Clear();
        response.StatusCode = status;
        response.ReasonPhrase = null;
        var text = Encoding.ASCII.GetBytes($"{status} {ReasonPhrases.GetReasonPhrase(status)}{(code.Length > 0 ? $" ({code})" : "")}\n");
        response.Headers.ContentType = "text/plain";
        response.Headers.ContentLength = text.Length;
        if (closes && exchange.Request.Protocol.StartsWith("HTTP/1.", StringComparison.Ordinal))
            response.Headers.Connection = "close";
        // The server does not recognise the method in any other letter case.
        if (exchange.Request.Method == "HEAD") return 0;
        await exchange.ResponseBody.Writer.WriteAsync(text);
        return text.Length;
    }
}
