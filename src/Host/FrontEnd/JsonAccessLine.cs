using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// One JSON object a line, its members named after OpenTelemetry's conventions for HTTP servers, as in the metrics and spans: what a
/// request does not have is left out. Times are in seconds. docs/deployment.md describes the members.
/// </summary>
internal sealed class JsonAccessLine : AccessLine
{
    // Bytes of the names and the punctuation are cheaper when they have been made once.
    private static readonly JsonEncodedText Time = JsonEncodedText.Encode("time");
    private static readonly JsonEncodedText Client = JsonEncodedText.Encode("client.address");
    private static readonly JsonEncodedText Method = JsonEncodedText.Encode("http.request.method");
    private static readonly JsonEncodedText Scheme = JsonEncodedText.Encode("url.scheme");
    private static readonly JsonEncodedText Host = JsonEncodedText.Encode("server.address");
    private static readonly JsonEncodedText Port = JsonEncodedText.Encode("server.port");
    private static readonly JsonEncodedText Path = JsonEncodedText.Encode("url.path");
    private static readonly JsonEncodedText Query = JsonEncodedText.Encode("url.query");
    private static readonly JsonEncodedText Version = JsonEncodedText.Encode("network.protocol.version");
    private static readonly JsonEncodedText Status = JsonEncodedText.Encode("http.response.status_code");
    private static readonly JsonEncodedText Size = JsonEncodedText.Encode("http.response.body.size");
    private static readonly JsonEncodedText Referer = JsonEncodedText.Encode("http.request.header.referer");
    private static readonly JsonEncodedText Agent = JsonEncodedText.Encode("user_agent.original");
    private static readonly JsonEncodedText Route = JsonEncodedText.Encode("http.route");
    private static readonly JsonEncodedText Daemon = JsonEncodedText.Encode("daemonproxy.daemon");
    private static readonly JsonEncodedText QueueTime = JsonEncodedText.Encode("daemonproxy.queue.time");
    private static readonly JsonEncodedText Duration = JsonEncodedText.Encode("http.server.request.duration");
    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("error.type");
    private static readonly JsonEncodedText TraceId = JsonEncodedText.Encode("trace_id");
    private static readonly JsonEncodedText SpanId = JsonEncodedText.Encode("span_id");

    // It still escapes quotes, backslashes and every control character; a slash or a plus sign stays legible.
    private readonly Utf8JsonWriter _json = new(Stream.Null, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    private readonly byte[] _field = new byte[LongestField];

    public override void Append(IBufferWriter<byte> lines, in LoggedRequest request)
    {
        var (asked, record, finished, start) = request;
        _json.Reset(lines);
        _json.WriteStartObject();
        _json.WriteString(Time, start.UtcDateTime);
        if (record.Requester is { } requester)
        {
            if (requester.Client is { } client) _json.WriteString(Client, client.ToString());
            _json.WriteString(Scheme, requester.Scheme);
        }
        var host = HostString.FromUriComponent(asked.Headers.Host.ToString());
        Write(Host, host.Host);
        if (host.Port is { } port) _json.WriteNumber(Port, port);
        Write(Method, asked.Method);
        var target = asked.RawTarget.AsSpan();
        var query = target.IndexOf('?');
        Write(Path, query < 0 ? target : target[..query]);
        if (query >= 0) Write(Query, target[(query + 1)..]);
        Write(Version, asked.Protocol.AsSpan(asked.Protocol.IndexOf('/') + 1));
        _json.WriteNumber(Status, record.LoggedStatus);
        _json.WriteNumber(Size, finished.Bytes);
        Write(Referer, asked.Headers.Referer.ToString());
        Write(Agent, asked.Headers.UserAgent.ToString());
        if (record.Route is { Options: var route })
        {
            _json.WriteString(Route, route.Path);
            if (route.Daemon is { } daemon) _json.WriteString(Daemon, daemon);
        }
        _json.WriteNumber(QueueTime, Seconds(finished.QueueTime));
        _json.WriteNumber(Duration, Seconds(finished.Duration));
        if (record.Failure is { } failure) _json.WriteString(Error, failure);
        if (record.Span is { } span)
        {
            _json.WriteString(TraceId, span.TraceId.ToHexString());
            _json.WriteString(SpanId, span.SpanId.ToHexString());
        }
        _json.WriteEndObject();
        _json.Flush();
        lines.Write("\n"u8);
    }

    private static decimal Seconds(TimeSpan time) => Math.Round(time.Ticks / (decimal)TimeSpan.TicksPerSecond, 6);

    /// <summary>
    /// Writes text from outside. The server hands out one character per byte; most of it that is not ASCII was UTF-8, and the rest is taken
    /// for Latin-1.
    /// </summary>
    private void Write(JsonEncodedText name, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return;
        text = text[..Math.Min(text.Length, LongestField)];
        if (Ascii.IsValid(text) || text.ContainsAnyExceptInRange('\0', '\xff'))
        {
            _json.WriteString(name, text);
            return;
        }
        var bytes = _field.AsSpan(0, Encoding.Latin1.GetBytes(text, _field));
        if (Utf8.IsValid(bytes)) _json.WriteString(name, bytes);
        else _json.WriteString(name, text);
    }
}
