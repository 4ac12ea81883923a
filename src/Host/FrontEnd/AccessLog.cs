using System.Globalization;
using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Writes one line per finished request, in Apache's combined log format followed by the daemon group, the seconds that the request waited
/// for a worker, and the seconds that it took:
/// <code>
/// 127.0.0.1 - - [24/Nov/2026:10:41:39 +0000] "GET /a?b=c HTTP/1.1" 200 5120 "-" "curl/8.5" app 0.000000 0.001234
/// </code>
/// Lines are written in batches, every second or sooner when many have collected, so that no request waits for the disk.
/// </summary>
internal sealed class AccessLog : IDisposable
{
    private const int LargestBatch = 65_536;
    private const int MostWaiting = 1 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    // A field from outside is truncated to this length, so that one request cannot fill the log.
    private const int LongestField = 8192;

    private readonly Lock _gate = new();
    private readonly RotatingFile _file;
    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly StringBuilder _line = new(512);
    private byte[] _batch = new byte[2 * LargestBatch];
    private int _length;
    private (long Second, string Text) _clock;
    private bool _failed;
    private bool _disposed;

    /// <summary>Opens the log.</summary>
    /// <param name="path">Its full path.</param>
    /// <param name="log">Receives one event when the file cannot be written.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The process may not write to the file.</exception>
    public AccessLog(string path, EventLog log, TimeProvider time)
    {
        _file = new RotatingFile(path);
        _log = log;
        _time = time;
        _timer = time.CreateTimer(_ => { lock (_gate) Flush(); }, null, Longest, Longest);
    }

    /// <summary>Adds the line of one request.</summary>
    public void Write(IFeatureCollection context, RequestRecord record, in FinishedRequest finished)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        lock (_gate)
        {
            if (_disposed) return;
            var before = _length;
            _line.Clear().Append(record.Requester?.Client).Append(" - - [").Append(Clock(_time.GetUtcNow() - finished.Duration))
                .Append("] \"");
            Append(request.Method).Append(' ');
            Append(request.RawTarget).Append(' ').Append(request.Protocol).Append("\" ").Append(record.LoggedStatus).Append(' ');
            if (finished.Bytes == 0) _line.Append('-');
            else _line.Append(finished.Bytes);
            _line.Append(" \"");
            Append(request.Headers.Referer.ToString() is { Length: > 0 } referer ? referer : "-").Append("\" \"");
            Append(request.Headers.UserAgent.ToString() is { Length: > 0 } agent ? agent : "-").Append("\" ")
                .Append(record.Route?.Options.Daemon ?? "-")
                .Append(CultureInfo.InvariantCulture,
                $" {finished.QueueTime.TotalSeconds:0.000000} {finished.Duration.TotalSeconds:0.000000}\n");
            foreach (var chunk in _line.GetChunks())
            {
                if (_batch.Length < _length + chunk.Length) Array.Resize(ref _batch, 2 * (_length + chunk.Length));
                // Text from a request is Latin-1, one character per byte, and everything outside printable ASCII has been escaped.
                _length += Encoding.Latin1.GetBytes(chunk.Span, _batch.AsSpan(_length));
            }
            // The socket thread leaves the disk to another thread, as long as that thread keeps up.
            if (_length >= MostWaiting) Flush();
            else if (before < LargestBatch && _length >= LargestBatch) _timer.Change(TimeSpan.Zero, Longest);
        }
    }

    /// <summary>Appends text from outside, escaped as in Apache: no line break, quote or terminal sequence gets through.</summary>
    private StringBuilder Append(string text)
    {
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, LongestField)))
        {
            if (character is '"' or '\\') _line.Append('\\').Append(character);
            else if (character is >= ' ' and <= '~') _line.Append(character);
            else _line.Append(CultureInfo.InvariantCulture, $"\\x{(int)character & 0xff:x2}");
        }
        return _line;
    }

    private string Clock(DateTimeOffset utc)
    {
        var second = utc.ToUnixTimeSeconds();
        if (_clock.Second == second) return _clock.Text;
        var local = TimeZoneInfo.ConvertTime(utc, _time.LocalTimeZone);
        _clock = (second,
            local.ToString("dd/MMM/yyyy:HH:mm:ss ", CultureInfo.InvariantCulture) + local.ToString("zzz", CultureInfo.InvariantCulture)
            .Replace(":", "", StringComparison.Ordinal));
        return _clock.Text;
    }

    private void Flush()
    {
        if (_length == 0 || _disposed) return;
        try
        {
            _file.Write(_batch.AsSpan(0, _length));
            _failed = false;
        }
        catch (IOException failure)
        {
            // Serving requests matters more than logging them. The failure is reported once, until writing works again.
            if (!_failed) _log.Write(EventCatalogue.AccessLogFailed, failure.Message);
            _failed = true;
        }
        _length = 0;
    }

    /// <summary>Writes the pending lines and reopens the file by name.</summary>
    public void Reopen()
    {
        lock (_gate)
        {
            Flush();
            if (!_disposed) _file.Reopen();
        }
    }

    /// <summary>Writes the pending lines.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Flush();
            _disposed = true;
        }
        _timer.Dispose();
        _file.Dispose();
    }
}
