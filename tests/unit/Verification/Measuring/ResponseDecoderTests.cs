using System.Text;
using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class ResponseDecoderTests
{
    private const string Chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nC\r\n, all of you\r\n0\r\nDigest: none\r\n\r\n";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    public void A_body_is_read_the_same_in_pieces_of_any_size(string response)
    {
        for (var size = 1; size <= response.Length; size++)
        {
            var decoder = Decode(response, size);

            Assert.True(decoder.IsComplete);
            Assert.Null(decoder.Problem);
            Assert.Equal(200, decoder.Status);
            Assert.Equal(5, decoder.BodyBytes);
            Assert.Equal("hello", Encoding.ASCII.GetString(decoder.Body.Span));
        }
    }

    [Fact]
    public void Chunk_extensions_and_trailers_are_no_body()
    {
        Assert.Equal("hello, all of you", Encoding.ASCII.GetString(Decode(Chunked).Body.Span));
    }

    [Fact]
    public void Every_shortened_chunked_response_is_broken_off()
    {
        for (var length = 0; length < Chunked.Length; length++)
        {
            var decoder = Decode(Chunked[..length]);
            decoder.Close();

            Assert.False(decoder.IsComplete);
            Assert.NotNull(decoder.Problem);
        }
    }

    [Fact]
    public void A_body_shorter_than_its_length_is_broken_off()
    {
        var decoder = Decode("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
        Assert.False(decoder.IsComplete);
        decoder.Close();

        Assert.Equal("The response broke off after 5 bytes of its body.", decoder.Problem);
    }

    [Fact]
    public void A_body_with_neither_length_nor_coding_ends_with_the_connection()
    {
        var decoder = Decode("HTTP/1.1 200 OK\r\n\r\nhello");
        Assert.False(decoder.IsComplete);
        decoder.Close();

        Assert.True(decoder.IsComplete);
        Assert.Equal(5, decoder.BodyBytes);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")]
    public void A_response_without_body_ends_with_its_head(string method, string response)
    {
        var decoder = new ResponseDecoder(method);
        decoder.Decode(Encoding.ASCII.GetBytes(response));

        Assert.True(decoder.IsComplete);
    }

    [Theory]
    [InlineData("SSH-2.0-server\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n")]
    public void A_malformed_response_is_named_so(string response)
    {
        var decoder = Decode(response);

        Assert.NotNull(decoder.Problem);
        Assert.False(decoder.IsComplete);
    }

    [Fact]
    public void Header_names_ignore_case_and_repeated_values_are_joined()
    {
        var decoder = Decode("HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal("a, b", decoder.Headers["VIA"]);
    }

    private static ResponseDecoder Decode(string response, int size = int.MaxValue)
    {
        var decoder = new ResponseDecoder("GET", keepBody: true);
        foreach (var piece in Encoding.ASCII.GetBytes(response).Chunk(size))
            decoder.Decode(piece);
        return decoder;
    }
}
