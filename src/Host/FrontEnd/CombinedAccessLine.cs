using System.Buffers;
using System.Globalization;
using System.Text;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Apache's combined log format followed by the daemon group, the seconds that the request waited for a worker, and the seconds that it
/// took:
/// <code>
/// 127.0.0.1 - - [24/Nov/2026:10:41:39 +0000] "GET /a?b=c HTTP/1.1" 200 5120 "-" "curl/8.5" app 0.000000 0.001234
/// </code>
/// </summary>
internal sealed class CombinedAccessLine(TimeZoneInfo zone) : AccessLine
{
    private readonly StringBuilder _line = new(512);
    private (long Second, string Text) _clock;

    public override void Append(IBufferWriter<byte> lines, in LoggedRequest request)
    {
        var (asked, record, finished, start) = request;
        _line.Clear().Append(record.Requester?.Client).Append(" - - [").Append(Clock(start)).Append("] \"");
        Append(asked.Method).Append(' ');
        Append(asked.RawTarget).Append(' ').Append(asked.Protocol).Append("\" ").Append(record.LoggedStatus).Append(' ');
        if (finished.Bytes == 0) _line.Append('-');
        else _line.Append(finished.Bytes);
        _line.Append(" \"");
        Append(asked.Headers.Referer.ToString() is { Length: > 0 } referer ? referer : "-").Append("\" \"");
        Append(asked.Headers.UserAgent.ToString() is { Length: > 0 } agent ? agent : "-").Append("\" ")
            .Append(record.Route?.Options.Daemon ?? "-")
            .Append(CultureInfo.InvariantCulture,
            $" {finished.QueueTime.TotalSeconds:0.000000} {finished.Duration.TotalSeconds:0.000000}\n");
        // Text from a request is Latin-1, one character per byte, and everything outside printable ASCII has been escaped.
        foreach (var chunk in _line.GetChunks()) Encoding.Latin1.GetBytes(chunk.Span, lines);
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
        var local = TimeZoneInfo.ConvertTime(utc, zone);
        _clock = (second,
            local.ToString("dd/MMM/yyyy:HH:mm:ss ", CultureInfo.InvariantCulture) + local.ToString("zzz", CultureInfo.InvariantCulture)
            .Replace(":", "", StringComparison.Ordinal));
        return _clock.Text;
    }
}
