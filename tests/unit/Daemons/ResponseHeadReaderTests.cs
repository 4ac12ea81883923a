using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Response heads (RFC 9112, sections 4 to 6): strict, in whatever pieces they come.</summary>
public sealed class ResponseHeadReaderTests
{
    private static ResponseHead Read(string input, int piece, bool toHead = false)
    {
        var reader = new ResponseHeadReader(8192);
        var bytes = Encoding.Latin1.GetBytes(input);
        var start = 0;
        for (var end = Math.Min(piece, bytes.Length); ; end = Math.Min(end + piece, bytes.Length))
        {
            var head = reader.Read(bytes.AsSpan(start, end - start), toHead, out var consumed);
            start += consumed;
            if (head is not null)
            {
                Assert.Equal(bytes.Length, start);
                return head;
            }
            Assert.True(end < bytes.Length, "the head never ended");
        }
    }

    private static ResponseHead Read(string input, bool toHead = false)
    {
        var whole = Read(input, int.MaxValue / 2, toHead);
        var byBytes = Read(input, 1, toHead);
        Assert.Equal((whole.Status, whole.Reason, whole.Framing, whole.ContentLength, whole.KeepAlive),
            (byBytes.Status, byBytes.Reason, byBytes.Framing, byBytes.ContentLength, byBytes.KeepAlive));
        Assert.Equal(whole.Headers, byBytes.Headers);
        return whole;
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, BodyFraming.Length, 5L, true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", 200, BodyFraming.Length, 5L, true)]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length:5\r\nCONTENT-LENGTH: 5\r\n\r\n", 200, BodyFraming.Length, 5L, true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", 200, BodyFraming.Chunked, null, true)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", 200, BodyFraming.Close, null, false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, BodyFraming.Length, 5L, false)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", 200, BodyFraming.Length, 5L, true)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", 200, BodyFraming.Length, 5L, false)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, BodyFraming.None, null, true)]
    [InlineData("HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", 304, BodyFraming.None, 5L, true)]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, BodyFraming.Length, 0L, true)]
    public void Status_length_and_persistence(string input, int status, BodyFraming framing, long? length, bool keepAlive)
    {
        var head = Read(input);
        Assert.Equal((status, framing, length), (head.Status, head.Framing, head.ContentLength));
        if (framing != BodyFraming.Close) Assert.Equal(keepAlive, head.KeepAlive);
    }

    [Fact]
    public void Answer_to_HEAD_has_its_length_and_no_body()
    {
        var head = Read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", toHead: true);
        Assert.Equal((BodyFraming.None, 5L), (head.Framing, head.ContentLength));
    }

    [Fact]
    public void Hop_by_hop_headers_and_those_that_Connection_names_are_dropped()
    {
        var head = Read(
            "HTTP/1.1 200 OK\r\nX-Named: 1\r\nConnection: close, x-named\r\nKeep-Alive: 5\r\nX-Kept: caf\u00e9\r\nContent-Length: "
            + "0\r\n\r\n");
        Assert.Equal([new KeyValuePair<string, string>("X-Kept", "caf\u00e9")], head.Headers);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 0\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX : a\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: a\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n")]
    [InlineData("HTTP/1.1 99 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 600 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData(" HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n")]
    public void Malformed_head_is_500(string input)
    {
        foreach (var piece in new[] { 1, input.Length })
            Assert.Same(EventCatalogue.MalformedHead, Assert.Throws<BrokenResponseException>(() => Read(input, piece)).Reason);
    }

    [Theory]
    [InlineData("Content-Length: 1\r\nContent-Length: 2")]
    [InlineData("Content-Length: 1, 2")]
    [InlineData("Content-Length: 1\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 1")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: +1")]
    [InlineData("Content-Length: 1e3")]
    [InlineData("Content-Length: 99999999999999999999")]
    [InlineData("Content-Length:")]
    public void Head_whose_body_has_no_clear_end_is_502(string headers)
    {
        var broken = Assert.Throws<BrokenResponseException>(() => Read($"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n", 1));
        Assert.Equal((502, "DPXY0001"), (broken.Reason.Status, broken.Reason.Code));
    }

    [Fact]
    public void Transfer_coding_in_HTTP_1_0_is_502() =>
        Assert.Equal(502,
            Assert.Throws<BrokenResponseException>(() => Read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 1)).Reason.Status);

    [Fact]
    public void Line_longer_than_header_buffer_size_is_WSGI0144() =>
        Assert.Same(EventCatalogue.HeaderTooLong,
            Assert.Throws<BrokenResponseException>(() => Read($"HTTP/1.1 200 OK\r\nX: {new string('a', 8192)}\r\n\r\n", 100)).Reason);

    [Fact]
    public void Head_longer_than_256_KiB_is_WSGI0144() =>
        Assert.Same(EventCatalogue.HeaderTooLong, Assert.Throws<BrokenResponseException>(() =>
            Read("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat($"X: {new string('a', 8000)}\r\n", 40)) + "\r\n", 10_000)).Reason);
}
