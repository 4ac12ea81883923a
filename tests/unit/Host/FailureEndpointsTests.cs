using System.Net;
using System.Text;
using DaemonProxy.Host.Sample;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class FailureEndpointsTests(RunningSample sample) : IClassFixture<RunningSample>
{
    [Theory]
    [InlineData(200, "200 OK\n")]
    [InlineData(204, "")]
    [InlineData(304, "")]
    [InlineData(404, "404 Not Found\n")]
    [InlineData(503, "503 Service Unavailable\n")]
    [InlineData(599, "599\n")]
    public async Task Status_answers_with_the_code(int code, string expected)
    {
        var (status, text) = await sample.GetAsync($"/status/{code}");
        Assert.Equal((HttpStatusCode)code, status);
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task Abort_sends_all_n_bytes_and_then_closes_without_a_last_chunk(int size)
    {
        var response = await sample.ExchangeAsync($"GET /abort?n={size} HTTP/1.1\r\nHost: sample\r\n\r\n");

        var body = Encoding.Latin1.GetBytes(response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        var received = 0;
        for (var at = 0; at < body.Length;)
        {
            var line = Array.IndexOf(body, (byte)'\n', at);
            var length = Convert.ToInt32(Encoding.Latin1.GetString(body, at, line - 1 - at), 16);
            Assert.True(length > 0, "the last chunk was sent, so the response looks complete");
            at = line + 1;
            for (var i = 0; i < length; i++)
                Assert.Equal(Pattern.At(received++), body[at + i]);
            at += length + 2;
        }

        Assert.Equal(size, received);
    }

    [Fact]
    public async Task Abort_is_an_error_to_a_client()
    {
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => sample.Client.GetByteArrayAsync("/abort?n=1000"));
    }
}
