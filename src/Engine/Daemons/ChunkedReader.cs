using System.Buffers.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Decodes a chunked body (RFC 9112, section 7.1) in place. The data of several chunks is moved together, so that an application's small
/// chunks are passed on as one block.
/// </summary>
internal struct ChunkedReader(int longestLine)
{
    private enum Expect
    {
        Size,
        Data,
        DataEnd,
        Trailer,
        Nothing,
    }

    private Expect _expect;
    private long _left;
    private int _trailerBytes;

    /// <summary>Whether the last chunk and the trailers have been read.</summary>
    public readonly bool Ended => _expect == Expect.Nothing;

    /// <summary>The trailers; null until the end, and usually after it as well.</summary>
    public List<KeyValuePair<string, string>>? Trailers { get; private set; }

    /// <summary>Decodes what has been received.</summary>
    /// <param name="input">Received bytes that were not consumed yet; they may be moved towards the front.</param>
    /// <param name="data">The range of the input that now holds the bytes of the body.</param>
    /// <returns>The number of input bytes consumed; pass the rest again, followed by more.</returns>
    /// <exception cref="BrokenResponseException">The input is not a valid chunked body.</exception>
    public int Read(Span<byte> input, out Range data)
    {
        int position = 0, start = 0, length = 0;
        while (_expect != Expect.Nothing)
        {
            var rest = input[position..];
            if (_expect == Expect.Data)
            {
                if (rest.IsEmpty) break;
                var piece = (int)Math.Min(_left, rest.Length);
                if (length == 0) start = position;
                else rest[..piece].CopyTo(input[(start + length)..]);
                length += piece;
                position += piece;
                _left -= piece;
                if (_left == 0) _expect = Expect.DataEnd;
                continue;
            }

            if (_expect == Expect.DataEnd && !rest.IsEmpty && rest[0] != '\r')
            {
                // The bytes before this point are passed on first; the next call gets back to it and throws.
                if (length > 0) break;
                throw Malformed("more bytes than the chunk's size", rest);
            }
            var end = rest.IndexOf((byte)'\n');
            if ((end < 0 ? rest.Length : end) > longestLine) throw Malformed("a line without an end", rest);
            if (end < 0) break;
            if (end == 0 || rest[end - 1] != '\r') throw Malformed("a line ends without CR", rest[..end]);
            ReadLine(rest[..(end - 1)]);
            position += end + 1;
        }
        data = start..(start + length);
        return position;
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        switch (_expect)
        {
            case Expect.Size:
                // Extensions may follow the size. Nobody uses them, and they are dropped; a bare CR in one is refused because some parsers
                // take it for the end of a line.
                if (!Utf8Parser.TryParse(line, out long size, out var digits, 'x') || size < 0 || digits > 15 ||
                    (digits < line.Length && !IsExtension(line[digits..])))
                    throw Malformed("no chunk size", line);
                _left = size;
                _expect = size == 0 ? Expect.Trailer : Expect.Data;
                break;
            case Expect.DataEnd:
                if (!line.IsEmpty) throw Malformed("more bytes than the chunk's size", line);
                _expect = Expect.Size;
                break;
            default:
                if (line.IsEmpty)
                {
                    _expect = Expect.Nothing;
                    break;
                }
                if ((_trailerBytes += line.Length) > longestLine || !ResponseHeadReader.TryParse(line, out var name, out var value))
                    throw Malformed("a malformed trailer", line);
                // A trailer must not carry framing or routing (RFC 9110, section 6.5.1).
                if (!HopByHop.IsForbiddenTrailer(name)) (Trailers ??= []).Add(new(name, value));
                break;
        }
    }

    // RFC 9112, section 7.1.1: whitespace, then nothing or an extension that begins with a semicolon.
    private static bool IsExtension(ReadOnlySpan<byte> text) =>
        text.TrimStart(" \t"u8) is [] or [(byte)';', ..] && !ResponseHeadReader.HoldsControl(text);

    private static BrokenResponseException Malformed(string what, ReadOnlySpan<byte> line) =>
        new(EventCatalogue.MalformedChunk, $"{what}: {ResponseHeadReader.Quote(line)}");
}
