using System.Buffers;

namespace DaemonProxy.Events;

/// <summary>A log that goes to a stream, such as a terminal or the standard output of a service.</summary>
/// <param name="stream">The stream; it is closed with the log.</param>
/// <param name="toJournal">
/// Whether each line begins with its priority as systemd's journal reads it (<c>&lt;6&gt;</c>: sd-daemon(3)), and gets its time there.
/// </param>
public sealed class LogStream(Stream stream, bool toJournal = false) : ILogOutput
{
    private readonly ArrayBufferWriter<byte> _marked = new();

    /// <inheritdoc/>
    public bool IsStamped => toJournal;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> lines, EventSeverity severity)
    {
        if (toJournal) lines = Marked(lines, severity);
        stream.Write(lines);
        stream.Flush();
    }

    private ReadOnlySpan<byte> Marked(ReadOnlySpan<byte> lines, EventSeverity severity)
    {
        _marked.ResetWrittenCount();
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n') is >= 0 and var found ? found + 1 : lines.Length;
            _marked.Write([(byte)'<', (byte)('0' + SyslogSocket.Level(severity)), (byte)'>']);
            _marked.Write(lines[..end]);
            lines = lines[end..];
        }
        return _marked.WrittenSpan;
    }

    /// <inheritdoc/>
    public void Reopen()
    {
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
