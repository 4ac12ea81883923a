using System.Buffers.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Takes the chunks of a body apart (RFC 9112, section 7.1), in the buffer they came in: pieces of several chunks are moved together, so
/// that an application's small chunks go on as one block.
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

    /// <summary>The trailers; empty until the end, and mostly after it.</summary>
    public List<KeyValuePair<string, string>>? Trailers { get; private set; }

    /// <summary>Takes apart what has come.</summary>
    /// <param name="input">What has come and was not consumed; its bytes may be moved towards its front.</param>
    /// <param name="data">Where in it the body's bytes lie now.</param>
    /// <returns>How many bytes of the input are done with; the rest is to be offered again, with more after it.</returns>
    /// <exception cref="BrokenResponseException">It is no chunked body.</exception>
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
                // What came before goes on first; the next call stands here again.
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
                // The size may be followed by extensions, which mean nothing to anybody and go no further; a bare CR in one is a line's end
                // to somebody.
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
                // Framing and routing are never a trailer's to say (RFC 9110, section 6.5.1).
                if (!HopByHop.IsForbiddenTrailer(name)) (Trailers ??= []).Add(new(name, value));
                break;
        }
    }

    // RFC 9112, section 7.1.1: blanks, and what a semicolon begins.
    private static bool IsExtension(ReadOnlySpan<byte> text) =>
        text.TrimStart(" \t"u8) is [] or [(byte)';', ..] && !ResponseHeadReader.HoldsControl(text);

    private static BrokenResponseException Malformed(string what, ReadOnlySpan<byte> line) =>
        new(EventCatalogue.MalformedChunk, $"{what}: {ResponseHeadReader.Quote(line)}");
}
