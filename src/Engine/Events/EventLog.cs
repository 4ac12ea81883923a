using System.Text.Encodings.Web;
using System.Text.Json;

namespace DaemonProxy.Events;

/// <summary>
/// The event log: one JSON object per line, with <c>time</c>, <c>severity</c>, <c>code</c>, <c>message</c> and whatever else is known. Any
/// thread may write.
/// </summary>
public sealed class EventLog : IDisposable
{
    private delegate void LineWriter(ReadOnlySpan<byte> line);

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _gate = new();
    private readonly LineWriter _write;
    private readonly IDisposable _output;
    private readonly Action? _reopen;
    private readonly TimeProvider _time;
    private bool _disposed;

    private EventLog(LineWriter write, IDisposable output, TimeProvider time, Action? reopen = null) =>
        (_write, _output, _time, _reopen) = (write, output, time, reopen);

    /// <summary>
    /// Opens a log file for appending; other processes may read it at the same time. <see cref="RotatingFile"/> rotates it and caps its
    /// size.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to it is not permitted.</exception>
    public static EventLog Open(string path, TimeProvider time)
    {
        var file = new RotatingFile(path);
        return new(file.Write, file, time, file.Reopen);
    }

    /// <summary>Creates a log that writes to a stream, such as a terminal.</summary>
    public static EventLog To(Stream output, TimeProvider time) => new(output.Write, output, time);

    /// <summary>Writes one event.</summary>
    /// <param name="definition">The kind of event.</param>
    /// <param name="message">What happened this time, in one sentence; the event's title is prepended.</param>
    /// <param name="properties">What else is known: the daemon, the route, the request.</param>
    public void Write(EventDefinition definition, string message, params ReadOnlySpan<(string Name, object? Value)> properties)
    {
        using var line = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(line, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", _time.GetUtcNow());
            json.WriteString("severity", definition.Severity.ToString());
            json.WriteString("code", definition.Code);
            json.WriteString("message", message.Length == 0 ? definition.Title : $"{definition.Title}: {message}");
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
        line.WriteByte((byte)'\n');
        lock (_gate)
        {
            // A log that cannot be written (a full disk) must not stop the service that it reports on.
            if (_disposed) return;
            try { _write(line.GetBuffer().AsSpan(0, (int)line.Length)); }
            catch (IOException) { }
        }
    }

    /// <summary>Reopens the file by its name, for use after somebody has moved it away. A log that is not a file is unaffected.</summary>
    public void Reopen()
    {
        lock (_gate)
        {
            if (!_disposed) _reopen?.Invoke();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            _output.Dispose();
        }
    }
}
