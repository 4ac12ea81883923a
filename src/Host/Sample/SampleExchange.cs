using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.Sample;

/// <summary>A request parameter is unusable. The message is one sentence, and the response is a 400.</summary>
internal sealed class ParameterException(string message) : Exception(message);

/// <summary>A request to the sample application and its response, as the endpoints see them.</summary>
internal sealed class SampleExchange(HttpContext http, PreciseTimer timer)
{
    /// <summary>The largest body that is sent: 1 TiB.</summary>
    public const long LargestBody = 1L << 40;

    /// <summary>The largest chunk: 16 MiB.</summary>
    public const long LargestChunk = 16L << 20;

    /// <summary>The request and the response.</summary>
    public HttpContext Http => http;

    /// <summary>For the pauses that endpoints make.</summary>
    public PreciseTimer Timer => timer;

    public PipeWriter Output => http.Response.BodyWriter;

    /// <summary>Fires when the client is gone.</summary>
    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>Whether the request is a HEAD, which gets the headers of the GET and no body (RFC 9110, 9.3.2).</summary>
    public bool IsHead => HttpMethods.IsHead(http.Request.Method);

    /// <summary>Reads a query parameter that is a whole number.</summary>
    /// <exception cref="ParameterException">The value is not a whole number or is out of range.</exception>
    public long Integer(string name, long byDefault, long min, long max)
    {
        if (Value(name) is not { } text)
            return byDefault;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min
            && value <= max
            ? value
            : throw new ParameterException($"{name}={text} is not a whole number from {min} to {max}.");
    }

    /// <summary>Reads a query parameter that is a time in milliseconds; fractions are accepted.</summary>
    /// <exception cref="ParameterException">The value is not a time or is out of range.</exception>
    public TimeSpan Milliseconds(string name, double byDefault, double max)
    {
        if (Value(name) is not { } text)
            return TimeSpan.FromMilliseconds(byDefault);
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= max
            ? TimeSpan.FromMilliseconds(value)
            : throw new ParameterException(
            $"{name}={text} is not a number of milliseconds from 0 to {max.ToString(CultureInfo.InvariantCulture)}.");
    }

    /// <summary>Sets the response's status and headers. Without a length, the body is chunked.</summary>
    public void Begin(string contentType, long? length = null, int status = StatusCodes.Status200OK)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = length;
        response.Headers.CacheControl = "no-store";
    }

    /// <summary>Sends a complete response.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> body, string contentType, int status = StatusCodes.Status200OK)
    {
        Begin(contentType, body.Length, status);
        return IsHead ? Task.CompletedTask : Output.WriteAsync(body, Aborted).AsTask();
    }

    /// <summary>Sends a complete response that consists of one line of text.</summary>
    public Task SendLineAsync(string line, int status) =>
        SendAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"), "text/plain; charset=utf-8", status);

    private string? Value(string name)
    {
        var values = http.Request.Query[name];
        return values.Count > 1
            ? throw new ParameterException($"{name} is given {values.Count} times; give it once.") : values.FirstOrDefault();
    }
}
