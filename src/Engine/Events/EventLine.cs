using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DaemonProxy.Events;

/// <summary>How events are written.</summary>
public enum EventLogFormat
{
    /// <summary>
    /// One JSON object per line, with <c>time</c>, <c>severity</c>, <c>code</c>, <c>message</c> and whatever else is known. The only format
    /// that <see cref="EventLogReader"/> reads.
    /// </summary>
    Json,

    /// <summary>Words for people: <c>error WSGI0146 daemon closed before a complete response head (path=/a, daemon=app)</c>.</summary>
    Text,
}

/// <summary>Writes an event as a line of the log.</summary>
/// <param name="format">How.</param>
/// <param name="withTime">Whether a line of text begins with its time; a line of JSON always has it.</param>
internal sealed class EventLine(EventLogFormat format, bool withTime)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns the line, with its line break.</summary>
    public ReadOnlyMemory<byte> Write(
        DateTimeOffset time, EventDefinition definition, string message, ReadOnlySpan<(string Name, object? Value)> properties)
    {
        var line = new ArrayBufferWriter<byte>(256);
        message = message.Length == 0 ? definition.Title : $"{definition.Title}: {message}";
        if (format == EventLogFormat.Json) WriteJson(line, time, definition, message, properties);
        else WriteText(line, time, definition, message, properties);
        line.Write("\n"u8);
        return line.WrittenMemory;
    }

    private static void WriteJson(
        ArrayBufferWriter<byte> line, DateTimeOffset time, EventDefinition definition, string message,
        ReadOnlySpan<(string Name, object? Value)> properties)
    {
        using var json = new Utf8JsonWriter(line, Options);
        json.WriteStartObject();
        json.WriteString("time", time);
        json.WriteString("severity", definition.Severity.ToString());
        json.WriteString("code", definition.Code);
        json.WriteString("message", message);
        foreach (var (name, value) in properties)
        {
            switch (value)
            {
                case null: break;
                case int number: json.WriteNumber(name, number); break;
                case long number: json.WriteNumber(name, number); break;
                default: json.WriteString(name, value.ToString()); break;
            }
        }
        json.WriteEndObject();
    }

    private void WriteText(
        ArrayBufferWriter<byte> line, DateTimeOffset time, EventDefinition definition, string message,
        ReadOnlySpan<(string Name, object? Value)> properties)
    {
        var text = new StringBuilder(256);
        if (withTime) text.Append(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} ");
        text.Append(definition.Severity.ToString().ToLowerInvariant()).Append(' ').Append(definition.Code).Append(' ');
        AppendPrintable(text, message);
        var first = true;
        foreach (var (name, value) in properties)
        {
            if (value is null) continue;
            text.Append(first ? " (" : ", ").Append(name).Append('=');
            AppendPrintable(text, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
            first = false;
        }
        if (!first) text.Append(')');
        foreach (var chunk in text.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, line);
    }

    // What a client has sent must neither end the line nor command a terminal.
    private static void AppendPrintable(StringBuilder text, string value)
    {
        foreach (var character in value)
        {
            if (character == '\n') text.Append("\\n");
            else if (char.IsControl(character) || character is '\u2028' or '\u2029')
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else text.Append(character);
        }
    }
}
