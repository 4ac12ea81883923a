using System.Buffers;
using System.Globalization;
using System.Text;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// Takes a response's bytes as they arrive, in pieces of any size, and determines how many of them are body bytes (RFC 9112, sections 4 to
/// 7). Counts the body and, on request, keeps it; never buffers in order to do so.
/// </summary>
/// <param name="requestMethod">The request's method: a response to <c>HEAD</c> has no body.</param>
/// <param name="keepBody">Whether <see cref="Body"/> is kept.</param>
internal sealed class ResponseDecoder(string requestMethod, bool keepBody = false)
{
    /// <summary>A longer response head is refused: no server that a probe is meant for sends one.</summary>
    private const int LongestHead = 64 * 1024;

    private enum Part { Head, Fixed, UntilClose, ChunkSize, ChunkData, ChunkEnd, Trailer, Complete, Broken }

    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly ArrayBufferWriter<byte>? _body = keepBody ? new ArrayBufferWriter<byte>() : null;
    private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);
    private Part _part = Part.Head;
    private long _remaining;
    private bool _isStatusLine = true;
    private int _headLength;

    /// <summary>The status; 0 until the status line has arrived.</summary>
    public int Status { get; private set; }

    /// <summary>The header fields of the final response; the values of repeated fields are joined by a comma.</summary>
    public IReadOnlyDictionary<string, string> Headers => _headers;

    /// <summary>Whether the final response's head is complete.</summary>
    public bool HasHead { get; private set; }

    /// <summary>Body bytes so far, without their framing.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>The body so far; empty unless it is kept.</summary>
    public ReadOnlyMemory<byte> Body => _body?.WrittenMemory ?? default;

    /// <summary>Whether the response has ended properly.</summary>
    public bool IsComplete => _part == Part.Complete;

    /// <summary>What is wrong with the response, in one sentence; null as long as nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Takes the next bytes received. Ignores anything after the end or after an error.</summary>
    public void Decode(ReadOnlySpan<byte> received)
    {
        while (!received.IsEmpty && _part is not (Part.Complete or Part.Broken))
        {
            if (_part is Part.Fixed or Part.UntilClose or Part.ChunkData)
                TakeBody(ref received);
            else if (TakeLine(ref received))
                EndLine();
        }
    }

    /// <summary>
    /// Reports that the connection was closed: this ends a body delimited by the close, and breaks off any other response.
    /// </summary>
    public void Close()
    {
        if (_part == Part.UntilClose)
            _part = Part.Complete;
        else if (_part is not (Part.Complete or Part.Broken))
            Break(HasHead
                ? $"The response broke off after {BodyBytes} bytes of its body."
                : "The connection was closed before a whole response head had come.");
    }

    private void TakeBody(ref ReadOnlySpan<byte> received)
    {
        var taken = _part == Part.UntilClose ? received.Length : (int)Math.Min(_remaining, received.Length);
        _body?.Write(received[..taken]);
        BodyBytes += taken;
        received = received[taken..];
        if (_part == Part.UntilClose)
            return;
        _remaining -= taken;
        if (_remaining == 0)
            _part = _part == Part.Fixed ? Part.Complete : Part.ChunkEnd;
    }

    /// <summary>Moves bytes up to and with the line feed into <see cref="_line"/>; true when a line is whole.</summary>
    private bool TakeLine(ref ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf((byte)'\n');
        var taken = end < 0 ? received.Length : end + 1;
        if (_line.WrittenCount + taken > LongestHead)
        {
            Break($"A line of the response is longer than {LongestHead} bytes.");
            return false;
        }

        _line.Write(received[..taken]);
        received = received[taken..];
        return end >= 0;
    }

    private void EndLine()
    {
        var line = Encoding.Latin1.GetString(_line.WrittenSpan).TrimEnd('\r', '\n');
        _line.ResetWrittenCount();
        switch (_part)
        {
            case Part.Head when (_headLength += line.Length) > LongestHead:
                Break($"The response's head is longer than {LongestHead} bytes.");
                break;
            case Part.Head when _isStatusLine:
                TakeStatusLine(line);
                break;
            case Part.Head when line.Length == 0:
                EndHead();
                break;
            case Part.Head:
                TakeHeader(line);
                break;
            case Part.ChunkSize:
                TakeChunkSize(line);
                break;
            case Part.ChunkEnd when line.Length == 0:
                _part = Part.ChunkSize;
                break;
            case Part.ChunkEnd:
                Break($"A chunk is longer than its size says, after {BodyBytes} bytes of the body.");
                break;
            case Part.Trailer when line.Length == 0:
                _part = Part.Complete;
                break;
        }
    }

    private void TakeStatusLine(string line)
    {
        if (line.StartsWith("HTTP/1.", StringComparison.Ordinal) && line.Length >= 12
            && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            Status = status;
            _isStatusLine = false;
            return;
        }

        Break("What answers does not speak HTTP/1.1: its first line is no status line.");
    }

    private void TakeHeader(string line)
    {
        var colon = line.IndexOf(':');
        if (colon <= 0)
        {
            Break("A header line of the response has no name.");
            return;
        }

        var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
        _headers[name] = _headers.TryGetValue(name, out var before) ? $"{before}, {value}" : value;
    }

    private void EndHead()
    {
        if (Status is >= 100 and < 200 and not 101)
        {
            // An interim response: the final one follows.
            _headers.Clear();
            _isStatusLine = true;
            return;
        }

        HasHead = true;
        if (requestMethod == "HEAD" || Status is 101 or 204 or 304)
            _part = Part.Complete;
        else if (_headers.TryGetValue("Transfer-Encoding", out var coding))
            _part = coding.EndsWith("chunked", StringComparison.OrdinalIgnoreCase) ? Part.ChunkSize : Part.UntilClose;
        else if (!_headers.TryGetValue("Content-Length", out var length))
            _part = Part.UntilClose;
        else if (!long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out _remaining))
            Break($"The response's Content-Length, '{length}', is no number of bytes.");
        else
            _part = _remaining == 0 ? Part.Complete : Part.Fixed;
    }

    private void TakeChunkSize(string line)
    {
        var digits = line.AsSpan();
        if (digits.IndexOf(';') is >= 0 and var extension)
            digits = digits[..extension];
        if (!long.TryParse(digits.Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _remaining) || _remaining < 0)
            Break($"A chunk's size is no hexadecimal number, after {BodyBytes} bytes of the body.");
        else
            _part = _remaining == 0 ? Part.Trailer : Part.ChunkData;
    }

    private void Break(string problem)
    {
        Problem = problem;
        _part = Part.Broken;
    }
}
