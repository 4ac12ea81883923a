using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.Sample;

/// <summary>Shows how a request arrives: <c>/echo</c> returns it, <c>/sink</c> counts its body.</summary>
internal static class RequestBodyEndpoints
{
    private const int LargestEcho = 1 << 20;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<SampleEndpoint> All { get; } =
    [
        new("/echo", "echo",
            "The request as JSON: method, target, headers, body (up to 1 MiB). With <code>raw=1</code> the body alone, streamed back as it "
            + "comes, however long.",
            null, EchoAsync),
        new("/sink", "sink",
            "Reads the whole request body; answers its length and SHA-256.",
            null, SinkAsync),
    ];

    private static Task EchoAsync(SampleExchange exchange) =>
        exchange.Integer("raw", 0, 0, 1) == 1 ? EchoRawAsync(exchange) : EchoJsonAsync(exchange);

    private static async Task EchoRawAsync(SampleExchange exchange)
    {
        var request = exchange.Http.Request;
        exchange.Begin(request.ContentType ?? "application/octet-stream", request.ContentLength);
        if (exchange.IsHead)
            return;

        await ForEachBlockAsync(request.BodyReader, exchange.Aborted, async block =>
            await exchange.Output.WriteAsync(block, exchange.Aborted));
    }

    private static async Task EchoJsonAsync(SampleExchange exchange)
    {
        var body = new ArrayBufferWriter<byte>();
        try
        {
            await ForEachBlockAsync(exchange.Http.Request.BodyReader, exchange.Aborted, block =>
            {
                body.Write(block.Span);
                return body.WrittenCount > LargestEcho ? throw new BodyTooLongException() : ValueTask.CompletedTask;
            });
        }
        catch (BodyTooLongException)
        {
            await exchange.SendLineAsync(
                "The body is longer than 1 MiB; echo?raw=1 gives one of any length back.", StatusCodes.Status413PayloadTooLarge);
            return;
        }

        var json = new ArrayBufferWriter<byte>();
        WriteJson(json, exchange.Http, body.WrittenSpan);
        await exchange.SendAsync(json.WrittenMemory, "application/json");
    }

    private static void WriteJson(ArrayBufferWriter<byte> output, HttpContext http, ReadOnlySpan<byte> body)
    {
        using var json = new Utf8JsonWriter(output, Readable);
        json.WriteStartObject();
        json.WriteString("method", http.Request.Method);
        json.WriteString("target", http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        json.WriteString("protocol", http.Request.Protocol);
        WriteFields(json, "headers", http.Request.Headers);
        if (http.Features.Get<IHttpRequestTrailersFeature>() is { Available: true, Trailers.Count: > 0 } trailers)
            WriteFields(json, "trailers", trailers.Trailers);
        json.WriteNumber("length", body.Length);
        if (Utf8.IsValid(body))
            json.WriteString("text", Encoding.UTF8.GetString(body));
        else
            json.WriteBase64String("base64", body);
        json.WriteEndObject();
    }

    // Every field has an array of values, to show whether a header arrived once or twice.
    private static void WriteFields(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, StringValues>> fields)
    {
        json.WriteStartObject(name);
        foreach (var (field, values) in fields)
        {
            json.WriteStartArray(field);
            foreach (var value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static async Task SinkAsync(SampleExchange exchange)
    {
        if (OpenSsl.Missing is not null)
        {
            await exchange.SendLineAsync("A SHA-256 needs OpenSSL, which is not installed here.", StatusCodes.Status501NotImplemented);
            return;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = 0;
        await ForEachBlockAsync(exchange.Http.Request.BodyReader, exchange.Aborted, block =>
        {
            hash.AppendData(block.Span);
            length += block.Length;
            return ValueTask.CompletedTask;
        });

        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteNumber("length", length);
            writer.WriteString("sha256", Convert.ToHexStringLower(hash.GetHashAndReset()));
            writer.WriteEndObject();
        }

        await exchange.SendAsync(json.WrittenMemory, "application/json");
    }

    private static async Task ForEachBlockAsync(
        PipeReader body, CancellationToken cancellationToken, Func<ReadOnlyMemory<byte>, ValueTask> take)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            try
            {
                foreach (var block in read.Buffer)
                    await take(block);
            }
            finally
            {
                // Needed even when the rest is unwanted: the server continues to read only after a read has been completed.
                body.AdvanceTo(read.Buffer.End);
            }
            if (read.IsCompleted)
                return;
        }
    }

    private sealed class BodyTooLongException : Exception;
}
