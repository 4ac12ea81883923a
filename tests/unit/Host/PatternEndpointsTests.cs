using System.Diagnostics;
using System.Text;
using DaemonProxy.Host.Sample;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class PatternEndpointsTests(RunningSample sample) : IClassFixture<RunningSample>
{
    [Fact]
    public void Pattern_is_the_documented_function_of_the_position()
    {
        foreach (var position in new long[] { 0, 1, 255, 65_520, 65_521, 65_536, 1L << 40 })
            Assert.Equal((byte)((ulong)(position % 65_521) * 2_654_435_761UL % (1UL << 32) >> 24), Pattern.At(position));
    }

    [Theory]
    [InlineData(0, 65_536)]
    [InlineData(1, 1)]
    [InlineData(65_521, 1000)]
    [InlineData(1_000_000, 8192)]
    [InlineData(3_000_000, 1 << 24)]
    public async Task Bytes_has_a_length_and_the_pattern_whatever_the_chunk(int size, int chunk)
    {
        using var response = await sample.Client.GetAsync($"/bytes?n={size}&chunk={chunk}");
        Assert.Equal(size, response.Content.Headers.ContentLength);
        AssertPattern(await response.Content.ReadAsByteArrayAsync(), size);
    }

    [Fact]
    public async Task Stream_is_chunked_and_each_write_is_a_chunk()
    {
        var response = await sample.ExchangeAsync("GET /stream?n=2500&chunk=1000 HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n");
        Assert.Contains("Transfer-Encoding: chunked\r\n", response);

        var body = Encoding.Latin1.GetBytes(response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        var framed = new MemoryStream();
        foreach (var (start, size) in new[] { (0, 1000), (1000, 1000), (2000, 500) })
        {
            framed.Write(Encoding.Latin1.GetBytes($"{size:x}\r\n"));
            framed.Write([.. Enumerable.Range(start, size).Select(i => Pattern.At(i))]);
            framed.Write("\r\n"u8);
        }

        framed.Write("0\r\n\r\n"u8);
        Assert.Equal(framed.ToArray(), body);
    }

    [Fact]
    public async Task Stream_stalls_between_chunks()
    {
        // 200 stalls of 0 to 4 ms: 400 ms on average, with a standard deviation of 16 ms. How much longer it takes is the machine's affair.
        var start = Stopwatch.GetTimestamp();
        var body = await sample.Client.GetByteArrayAsync("/stream?n=2010&chunk=10&stall-ms=4");
        var took = Stopwatch.GetElapsedTime(start);

        AssertPattern(body, 2010);
        Assert.True(took > TimeSpan.FromMilliseconds(320), $"took {took}");
    }

    private static void AssertPattern(byte[] body, int size)
    {
        Assert.Equal(size, body.Length);
        for (var i = 0; i < size; i++)
        {
            if (body[i] != Pattern.At(i))
                Assert.Fail($"byte {i} is {body[i]} and should be {Pattern.At(i)}");
        }
    }
}
