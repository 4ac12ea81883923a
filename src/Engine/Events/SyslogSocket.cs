using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Events;

/// <summary>
/// A log that goes to the system's log, one datagram a line, as the C library's syslog(3) sends it (RFC 3164, without the host):
/// <c>&lt;30&gt;Nov 26 10:41:39 daemonproxy[4711]: ...</c>. Journald, rsyslog and syslog-ng all listen at <see cref="DefaultPath"/>.
/// </summary>
public sealed class SyslogSocket : ILogOutput
{
    /// <summary>Where the system's log listens.</summary>
    public const string DefaultPath = "/dev/log";

    /// <summary>The most that is sent of a line, bytes: what rsyslog takes by default.</summary>
    public const int LongestLine = 8192;

    // daemon, RFC 3164, section 4.1.1.
    private const int Facility = 3;

    private readonly string _path;
    private readonly string _tag;
    private readonly TimeProvider _time;
    private readonly byte[] _datagram = new byte[LongestLine + 256];
    private Socket? _socket;

    /// <summary>Connects to the system's log.</summary>
    /// <param name="path">The full path of its datagram socket.</param>
    /// <param name="tag">The program's name in each line.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">Nothing listens there.</exception>
    public SyslogSocket(string path, string tag, TimeProvider time)
    {
        (_path, _tag, _time) = (path, tag, time);
        try { _socket = Connect(); }
        catch (SocketException failure) { throw Unwritten(failure); }
    }

    /// <inheritdoc/>
    public bool IsStamped => true;

    /// <summary>A severity in syslog's numbers (RFC 3164, section 4.1.1).</summary>
    internal static int Level(EventSeverity severity) => severity switch
    {
        EventSeverity.Error => 3,
        EventSeverity.Warning => 4,
        _ => 6,
    };

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> lines, EventSeverity severity)
    {
        var now = TimeZoneInfo.ConvertTime(_time.GetUtcNow(), _time.LocalTimeZone);
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"<{(Facility * 8) + Level(severity)}>{now:MMM} {now.Day,2} {now:HH:mm:ss} {_tag}[{Environment.ProcessId}]: ");
        var length = Encoding.ASCII.GetBytes(head, _datagram);
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n') is >= 0 and var found ? found : lines.Length;
            var line = Shortened(lines[..end]);
            line.CopyTo(_datagram.AsSpan(length));
            Send(_datagram.AsSpan(0, length + line.Length));
            lines = lines[Math.Min(end + 1, lines.Length)..];
        }
    }

    // A character of several bytes is kept whole or left out.
    private static ReadOnlySpan<byte> Shortened(ReadOnlySpan<byte> line)
    {
        if (line.Length <= LongestLine) return line;
        var end = LongestLine;
        while (end > 0 && (line[end] & 0xC0) == 0x80) end--;
        return line[..end];
    }

    // The system's log may have been restarted since, and then has another socket of the same name.
    private void Send(ReadOnlySpan<byte> datagram)
    {
        try
        {
            if (_socket is { } kept)
            {
                try
                {
                    kept.Send(datagram);
                    return;
                }
                catch (SocketException failure) when (failure.SocketErrorCode != SocketError.WouldBlock)
                {
                    kept.Dispose();
                    _socket = null;
                }
            }
            _socket = Connect();
            _socket.Send(datagram);
        }
        catch (SocketException failure)
        {
            throw Unwritten(failure);
        }
    }

    private Socket Connect()
    {
        // A log whose reader is stuck loses lines; it must not hold up whoever writes them.
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try { socket.Connect(new UnixDomainSocketEndPoint(_path)); }
        catch
        {
            socket.Dispose();
            throw;
        }
        return socket;
    }

    private IOException Unwritten(SocketException failure) =>
        // A socket that is not there is, in the words of .NET, an address that cannot be assigned.
        new(File.Exists(_path)
            ? $"the system's log at {_path} does not take it: {failure.Message}"
            : $"there is no socket {_path}, so no log of the system runs", failure);

    /// <inheritdoc/>
    public void Reopen()
    {
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();
}
