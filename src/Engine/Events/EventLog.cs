using System.Globalization;

namespace DaemonProxy.Events;

/// <summary>The event log: one line per event, as JSON or as text. Any thread may write.</summary>
public sealed class EventLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ILogOutput _output;
    private readonly EventLine _line;
    private readonly TimeProvider _time;
    private (DateTimeOffset Since, long Count, string Reason)? _failing;
    private bool _disposed;

    /// <summary>Creates a log.</summary>
    /// <param name="output">Where its lines go; disposed with the log.</param>
    /// <param name="format">How an event is written.</param>
    /// <param name="time">The clock.</param>
    public EventLog(ILogOutput output, EventLogFormat format, TimeProvider time)
    {
        (_output, _time) = (output, time);
        _line = new EventLine(format, !output.IsStamped);
    }

    /// <summary>
    /// Opens a log file for appending; other processes may read it at the same time. <see cref="RotatingFile"/> rotates it and caps its
    /// size.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to it is not permitted.</exception>
    public static EventLog Open(string path, TimeProvider time) => new(new RotatingFile(path), EventLogFormat.Json, time);

    /// <summary>Creates a log that writes to a stream, such as a terminal.</summary>
    public static EventLog To(Stream output, TimeProvider time) => new(new LogStream(output), EventLogFormat.Json, time);

    /// <summary>Why events are being lost at present, in one sentence; null: they are written.</summary>
    public string? Failure
    {
        get
        {
            lock (_gate)
            {
                return _failing is { } failing ? $"the event log has lost {Loss(failing)}" : null;
            }
        }
    }

    /// <summary>Writes one event.</summary>
    /// <param name="definition">The kind of event.</param>
    /// <param name="message">What happened this time, in one sentence; the event's title is prepended.</param>
    /// <param name="properties">What else is known: the daemon, the route, the request.</param>
    public void Write(EventDefinition definition, string message, params ReadOnlySpan<(string Name, object? Value)> properties)
    {
        var line = _line.Write(_time.GetUtcNow(), definition, message, properties);
        lock (_gate)
        {
            // A log that cannot be written (a full disk) must not stop the service that it reports on.
            if (_disposed) return;
            try
            {
                _output.Write(line.Span, definition.Severity);
                if (_failing is { } failing) Report(failing);
            }
            catch (IOException failure)
            {
                _failing = _failing is { } before ? before with { Count = before.Count + 1 } : (_time.GetUtcNow(), 1, failure.Message);
            }
        }
    }

    // The first line that can be written again is followed by what is missing before it.
    private void Report((DateTimeOffset Since, long Count, string Reason) failing)
    {
        var gap = _line.Write(_time.GetUtcNow(), EventCatalogue.EventLogFailed, Loss(failing), []);
        _output.Write(gap.Span, EventCatalogue.EventLogFailed.Severity);
        _failing = null;
    }

    private static string Loss((DateTimeOffset Since, long Count, string Reason) failing) => string.Create(
        CultureInfo.InvariantCulture,
        $"{failing.Count} event{(failing.Count == 1 ? "" : "s")} since {failing.Since:yyyy-MM-ddTHH:mm:ssZ}: "
            + $"{failing.Reason.TrimEnd('.')}");

    /// <summary>Reopens the file by its name, for use after somebody has moved it away. A log that is not a file is unaffected.</summary>
    public void Reopen()
    {
        lock (_gate)
        {
            if (!_disposed) _output.Reopen();
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
