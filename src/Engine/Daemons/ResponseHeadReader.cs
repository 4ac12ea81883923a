using System.Buffers;
using System.Globalization;
using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Reads the head of a daemon's response line by line as it arrives. The reader is strict, because attackers exploit anything that can be
/// read in two ways: a line ends in CRLF, a name is a token directly followed by the colon, no line is folded, and the length of the body
/// is declared only once (RFC 9112, sections 4 to 6).
/// </summary>
/// <param name="longestLine"><c>header-buffer-size</c>.</param>
public struct ResponseHeadReader(int longestLine)
{
    /// <summary>The longest head accepted, in bytes.</summary>
    public const int LongestHead = 262_144;

    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // All but the horizontal tab and everything from space up except DEL, which RFC 9110, section 5.5 calls field-content, with obs-text.
    private static readonly SearchValues<byte> ControlBytes =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(b => b != 9).Select(b => (byte)b), 127]);

    private ResponseHead? _head;
    private bool _http10;
    private bool _chunked;
    private List<string>? _connection;
    private int _size;
    private int _line;

    /// <summary>The head before; null: this is the only one.</summary>
    internal KnownHead? Known { get; init; }

    /// <summary>Reads the lines that are complete.</summary>
    /// <param name="input">The received bytes that have not been consumed yet.</param>
    /// <param name="toHead">Whether the request was HEAD, whose response has no body.</param>
    /// <param name="consumed">The number of input bytes consumed; pass the rest again with the next call.</param>
    /// <returns>The head, or null when more is needed.</returns>
    /// <exception cref="BrokenResponseException">The head is too long or malformed; the message says how.</exception>
    public ResponseHead? Read(ReadOnlySpan<byte> input, bool toHead, out int consumed)
    {
        // The response to a HEAD request has no body, whatever its head says.
        if (_size == 0 && !toHead && Known is not null && Known.TryFind(input, out var same, out consumed)) return same;
        consumed = 0;
        while (true)
        {
            var rest = input[consumed..];
            var end = rest.IndexOf((byte)'\n');
            // While the LF is missing, one byte more is allowed, since it may be the CR: a line is judged the same whether it arrives whole
            // or in pieces.
            if ((end < 0 ? rest.Length : end) - 1 > longestLine)
                throw new BrokenResponseException(
                    EventCatalogue.HeaderTooLong, $"a line is longer than header-buffer-size, {longestLine} bytes");
            if (end < 0) return null;
            if (end == 0 || rest[end - 1] != '\r') throw Malformed("a line ends without CR", rest[..end]);
            var line = rest[..(end - 1)];
            consumed += end + 1;
            if ((_size += end + 1) > LongestHead)
                throw new BrokenResponseException(EventCatalogue.HeaderTooLong, $"the head is longer than {LongestHead} bytes");

            if (_head is null) ReadStatus(line, _head = new ResponseHead());
            else if (line.IsEmpty)
            {
                var head = Finish(_head, toHead);
                if (_size == consumed && !toHead && head.Status >= 200) Known?.Know(input[..consumed], head);
                return head;
            }
            else ReadHeader(line, _head);
        }
    }

    private void ReadStatus(ReadOnlySpan<byte> line, ResponseHead head)
    {
        if (Known is not null && Known.Lines.TryFind(line, out var known)) (_http10, head.Status, head.Reason) = known;
        else
        {
            (_http10, head.Status, head.Reason) = known = ParseStatus(line);
            Known?.Lines.Know(line, known);
        }
        head.KeepAlive = !_http10;
    }

    private static (bool IsHttp10, int Status, string Reason) ParseStatus(ReadOnlySpan<byte> line)
    {
        // HTTP/1.x SP 3DIGIT [SP reason]
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != ' ' ||
            (line.Length > 12 && line[12] != ' ') || line.ContainsAny(ControlBytes) ||
            !int.TryParse(line.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status is < 100 or > 599)
            throw Malformed("the status line is not HTTP/1.1", line);
        return (line[7] == '0', status, line.Length > 13 ? Encoding.Latin1.GetString(line[13..]) : "");
    }

    private void ReadHeader(ReadOnlySpan<byte> line, ResponseHead head)
    {
        if (!(Known is null ? TryParse(line, out var name, out var value) : Known.Lines.TryParse(line, _line++, out name, out value)))
            throw Malformed(line[0] is (byte)' ' or (byte)'\t' ? "a header line is folded" : "a header line is malformed", line);
        switch (name.Length)
        {
            case 14 when Is(name, "Content-Length"):
                ReadLength(value, head);
                return;
            case 17 when Is(name, "Transfer-Encoding"):
                if (_chunked || _http10 || !Is(value, "chunked"))
                    throw Unframed($"the transfer coding '{value}'{(_http10 ? " in HTTP/1.0" : _chunked ? " beside another" : "")}");
                _chunked = true;
                return;
            case 10 when Is(name, "Connection"):
                ReadConnection(value, head);
                return;
            case 7 when Is(name, "Upgrade"):
                head.Upgrade = value;
                return;
            case 10 when Is(name, "Keep-Alive"):
            case 16 when Is(name, "Proxy-Connection"):
            case 18 when Is(name, "Proxy-Authenticate"):
            case 2 when Is(name, "TE"):
                return;
            default:
                head.Headers.Add(new(name, value));
                return;
        }
    }

    /// <summary>Splits a header or trailer line into its name and its value.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> line, out string name, out string value)
    {
        name = value = "";
        var colon = line.IndexOf((byte)':');
        if (colon < 1 || line[..colon].ContainsAnyExcept(TokenBytes)) return false;
        var content = line[(colon + 1)..].Trim(" \t"u8);
        if (content.ContainsAny(ControlBytes)) return false;
        name = UsualNames.Find(Encoding.Latin1.GetString(line[..colon]));
        value = Encoding.Latin1.GetString(content);
        return true;
    }

    private static void ReadLength(string value, ResponseHead head)
    {
        if (head.ContentLength is null && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var only))
        {
            head.ContentLength = only;
            return;
        }
        // A list of equal lengths counts as one length (RFC 9112, section 6.3, rule 5); anything else is invalid.
        foreach (var range in value.AsSpan().Split(','))
        {
            if (!long.TryParse(value.AsSpan(range).Trim(" \t"), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
                throw Unframed($"the Content-Length '{value}'");
            if (head.ContentLength is { } other && other != length) throw Unframed($"two lengths, {other} and {length}");
            head.ContentLength = length;
        }
    }

    private void ReadConnection(string value, ResponseHead head)
    {
        if (Is(value, "keep-alive"))
        {
            head.KeepAlive |= _http10;
            return;
        }
        foreach (var option in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Is(option, "close")) head.KeepAlive = false;
            else if (Is(option, "keep-alive")) head.KeepAlive |= _http10;
            else (_connection ??= []).Add(option);
        }
    }

    private readonly ResponseHead Finish(ResponseHead head, bool toHead)
    {
        if (_chunked && head.ContentLength is { } length) throw Unframed($"both Transfer-Encoding and Content-Length, {length}");
        if (_connection is { } named) head.Headers.RemoveAll(header => named.Contains(header.Key, StringComparer.OrdinalIgnoreCase));
        head.Framing =
            toHead || head.Status is < 200 or 204 or 304 ? BodyFraming.None :
            _chunked ? BodyFraming.Chunked :
            head.ContentLength is not null ? BodyFraming.Length : BodyFraming.Close;
        if (head.Framing == BodyFraming.Close) head.KeepAlive = false;
        return head;
    }

    private static bool Is(string text, string other) => text.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static BrokenResponseException Unframed(string what) => new(EventCatalogue.UnframedResponse, what);

    private static BrokenResponseException Malformed(string what, ReadOnlySpan<byte> line) =>
        new(EventCatalogue.MalformedHead, $"{what}: {Quote(line)}");

    /// <summary>Whether a text contains a control character other than the tab, which no field value may.</summary>
    internal static bool HoldsControl(ReadOnlySpan<byte> text) => text.ContainsAny(ControlBytes);

    /// <summary>Quotes a daemon's line for a log: limited in length, and without control characters that a terminal would obey.</summary>
    internal static string Quote(ReadOnlySpan<byte> line)
    {
        var text = new StringBuilder("'");
        foreach (var b in line[..Math.Min(line.Length, 80)]) text.Append(b is >= 32 and < 127 ? (char)b : '?');
        return text.Append(line.Length > 80 ? "...'" : "'").ToString();
    }
}
