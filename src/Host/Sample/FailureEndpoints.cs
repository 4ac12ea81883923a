using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace DaemonProxy.Host.Sample;

/// <summary>Simulates failing applications: <c>/status/CODE</c> answers with any status, <c>/abort</c> breaks off in the middle.</summary>
internal static class FailureEndpoints
{
    public static IReadOnlyList<SampleEndpoint> All { get; } =
    [
        new("/status/", "status/404", "The status CODE, 200 to 599, with a line that names it.", [], StatusAsync),
        new("/abort", "abort?n=5000",
            "<code>n</code> bytes of a chunked body, then the connection is broken off: a client has to report an error, not a short page.",
            ["n"], AbortAsync),
    ];

    private static Task StatusAsync(SampleExchange exchange)
    {
        var text = exchange.Http.Request.Path.Value!["/status/".Length..];
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < 200 or > 599)
            throw new ParameterException($"{text} is not a status code from 200 to 599.");

        // These have no body, and no headers that describe one (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
        if (code is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
        {
            exchange.Http.Response.StatusCode = code;
            return Task.CompletedTask;
        }

        return exchange.SendLineAsync($"{code} {ReasonPhrases.GetReasonPhrase(code)}".TrimEnd(), code);
    }

    private static async Task AbortAsync(SampleExchange exchange)
    {
        var size = exchange.Integer("n", 1000, 0, SampleExchange.LargestBody);
        exchange.Begin("application/octet-stream");
        if (exchange.IsHead)
            return;

        await exchange.Output.FlushAsync(exchange.Aborted);
        await Pattern.WriteAsync(exchange.Output, 0, size, exchange.Aborted);

        // Simulates an application that throws halfway: the server sends the bytes written so far and closes without a last chunk. Aborting
        // the connection instead might discard bytes that have not been sent yet.
        throw new BrokenOffException();
    }

    private sealed class BrokenOffException() : Exception("broken off, as was asked for");
}
