using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Chunked bodies (RFC 9112, section 7.1), in whatever pieces they come.</summary>
public sealed class ChunkedReaderTests
{
    private const int LongestLine = 8192;

    /// <summary>Feeds a body in pieces of a size, as a socket would.</summary>
    private static (string Body, string Left, ChunkedReader Reader) Read(string input, int piece)
    {
        var reader = new ChunkedReader(LongestLine);
        var body = new StringBuilder();
        var held = new byte[input.Length];
        var (count, position) = (0, 0);
        while (!reader.Ended && position < input.Length)
        {
            var more = Math.Min(piece, input.Length - position);
            Encoding.Latin1.GetBytes(input.AsSpan(position, more), held.AsSpan(count));
            position += more;
            count += more;
            while (true)
            {
                var consumed = reader.Read(held.AsSpan(0, count), out var data);
                body.Append(Encoding.Latin1.GetString(held.AsSpan(0, count)[data]));
                held.AsSpan(consumed, count - consumed).CopyTo(held);
                count -= consumed;
                if (consumed == 0 || reader.Ended) break;
            }
        }
        return (body.ToString(), Encoding.Latin1.GetString(held, 0, count) + input[position..], reader);
    }

    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!")]
    [InlineData("A;name=\"value\"\r\n0123456789\r\n0;x\r\n\r\n", "0123456789")]
    [InlineData("000005\r\nhello\r\n00\r\n\r\n", "hello")]
    [InlineData("2\r\n\r\n\r\n0\r\n\r\n", "\r\n")]
    public void Body_is_the_same_whole_and_byte_by_byte(string input, string expected)
    {
        for (var piece = 1; piece <= input.Length; piece++)
        {
            var (body, rest, reader) = Read(input + "next", piece);
            Assert.Equal((expected, "next", true), (body, rest, reader.Ended));
        }
    }

    [Fact]
    public void Trailers_are_read_and_those_that_only_a_header_may_say_are_dropped()
    {
        var (_, _, reader) = Read("0\r\nX-Sum: 1\r\nContent-Length: 5\r\nX-More:2 \r\n\r\n", 3);
        Assert.Equal([new("X-Sum", "1"), new("X-More", "2")], reader.Trailers!);
    }

    [Theory]
    [InlineData("\r\nhello")]
    [InlineData("x\r\n")]
    [InlineData("-5\r\nhello\r\n")]
    [InlineData("+5\r\nhello\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\r\nhelloXX\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("8000000000000000\r\n")]
    [InlineData("0\r\nno colon\r\n\r\n")]
    [InlineData("0\r\n folded: 1\r\n\r\n")]
    public void Malformed_body_is_refused(string input)
    {
        foreach (var piece in new[] { 1, 3, input.Length })
            Assert.Same(EventCatalogue.MalformedChunk, Assert.Throws<BrokenResponseException>(() => Read(input, piece)).Reason);
    }

    [Fact]
    public void Line_without_an_end_is_refused_when_it_is_longer_than_a_header_may_be() =>
        Assert.Throws<BrokenResponseException>(() => Read("5;" + new string('x', LongestLine + 10), 1000));
}
