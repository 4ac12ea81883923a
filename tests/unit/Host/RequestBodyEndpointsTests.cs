using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class RequestBodyEndpointsTests(RunningSample sample) : IClassFixture<RunningSample>
{
    [Fact]
    public async Task Echo_gives_method_target_headers_and_text_back_as_they_came()
    {
        var response = await sample.ExchangeAsync(
            "PUT /echo?a=b%20c&a=2 HTTP/1.1\r\nHost: sample\r\nX-One: 1\r\nX-One: 2\r\nX-Latin: caf\u00e9\r\nConnection: "
            + "close\r\nContent-Length: 5\r\n\r\nhello");
        using var json = JsonDocument.Parse(Encoding.Latin1.GetBytes(response[response.IndexOf('{')..]));

        var root = json.RootElement;
        Assert.Equal("PUT", root.GetProperty("method").GetString());
        Assert.Equal("/echo?a=b%20c&a=2", root.GetProperty("target").GetString());
        Assert.Equal(["1", "2"], root.GetProperty("headers").GetProperty("X-One").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal("caf\u00e9", root.GetProperty("headers").GetProperty("X-Latin")[0].GetString());
        Assert.Equal(5, root.GetProperty("length").GetInt64());
        Assert.Equal("hello", root.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Echo_gives_bytes_that_are_no_text_as_base64()
    {
        byte[] body = [0xff, 0xfe, 0];
        using var response = await sample.Client.PostAsync("/echo", new ByteArrayContent(body));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(body, json.RootElement.GetProperty("base64").GetBytesFromBase64());
    }

    [Fact]
    public async Task Echo_shows_the_trailers_of_a_chunked_request()
    {
        var response = await sample.ExchangeAsync(
            "POST /echo HTTP/1.1\r\nHost: sample\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\nX-After: "
            + "yes\r\n\r\n");
        using var json = JsonDocument.Parse(response[response.IndexOf('{')..]);
        Assert.Equal("yes", json.RootElement.GetProperty("trailers").GetProperty("X-After")[0].GetString());
    }

    [Fact]
    public async Task Echo_takes_a_mebibyte_and_refuses_a_byte_more()
    {
        using var largest = await sample.Client.PostAsync("/echo", new ByteArrayContent(new byte[1 << 20]));
        Assert.Equal(HttpStatusCode.OK, largest.StatusCode);
        using var larger = await sample.Client.PostAsync("/echo", new ByteArrayContent(new byte[(1 << 20) + 1]));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, larger.StatusCode);
    }

    [Fact]
    public async Task Raw_echo_gives_each_piece_back_before_the_next_is_sent()
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        await using var connection = await sample.ConnectAsync(limit.Token);
        using var reader = new StreamReader(connection, Encoding.Latin1);
        await SendAsync("POST /echo?raw=1 HTTP/1.1\r\nHost: sample\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        while (await reader.ReadLineAsync(limit.Token) is { Length: > 0 })
        {
        }

        Assert.Equal("3", await reader.ReadLineAsync(limit.Token));
        Assert.Equal("one", await reader.ReadLineAsync(limit.Token));
        await SendAsync("5\r\nthree\r\n0\r\n\r\n");
        Assert.Equal("5", await reader.ReadLineAsync(limit.Token));
        Assert.Equal("three", await reader.ReadLineAsync(limit.Token));
        Assert.Equal("0", await reader.ReadLineAsync(limit.Token));

        async Task SendAsync(string text) => await connection.WriteAsync(Encoding.Latin1.GetBytes(text), limit.Token);
    }

    [Fact]
    public async Task Raw_echo_gives_the_body_back()
    {
        // As much as fits into the buffers between the two: this client reads nothing before it has sent all.
        var body = RandomNumberGenerator.GetBytes(100_000);
        using var response = await sample.Client.PostAsync("/echo?raw=1", new ByteArrayContent(body));
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Sink_answers_length_and_hash_of_the_body()
    {
        var body = RandomNumberGenerator.GetBytes(3_000_000);
        using var response = await sample.Client.PostAsync("/sink", new ByteArrayContent(body));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(body.Length, json.RootElement.GetProperty("length").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(body)), json.RootElement.GetProperty("sha256").GetString());
    }
}
