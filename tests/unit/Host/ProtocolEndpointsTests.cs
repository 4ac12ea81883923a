using System.Net;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class ProtocolEndpointsTests(RunningSample sample) : IClassFixture<RunningSample>
{
    [Fact]
    public async Task Upgrade_to_echo_gives_every_byte_back_until_the_end()
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        await using var connection = await sample.ConnectAsync(limit.Token);
        using var reader = new StreamReader(connection, Encoding.Latin1);
        await connection.WriteAsync(
            "GET /upgrade HTTP/1.1\r\nHost: sample\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"u8.ToArray(), limit.Token);

        Assert.Equal("HTTP/1.1 101 Switching Protocols", await reader.ReadLineAsync(limit.Token));
        var headers = new List<string>();
        while (await reader.ReadLineAsync(limit.Token) is { Length: > 0 } line)
            headers.Add(line);
        Assert.Contains("Upgrade: echo", headers);
        Assert.Contains("Connection: Upgrade", headers);

        await connection.WriteAsync("one\n"u8.ToArray(), limit.Token);
        Assert.Equal("one", await reader.ReadLineAsync(limit.Token));
        await connection.WriteAsync("two\n"u8.ToArray(), limit.Token);
        Assert.Equal("two", await reader.ReadLineAsync(limit.Token));
        connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Null(await reader.ReadLineAsync(limit.Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\n")]
    public async Task Anything_else_than_echo_is_426_and_told_what_would_do(string headers)
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        await using var connection = await sample.ConnectAsync(limit.Token);
        using var reader = new StreamReader(connection, Encoding.Latin1);
        await connection.WriteAsync(Encoding.Latin1.GetBytes($"GET /upgrade HTTP/1.1\r\nHost: sample\r\n{headers}\r\n"), limit.Token);

        Assert.Equal($"HTTP/1.1 {(int)HttpStatusCode.UpgradeRequired} Upgrade Required", await reader.ReadLineAsync(limit.Token));
        var answer = new List<string>();
        while (await reader.ReadLineAsync(limit.Token) is { Length: > 0 } line)
            answer.Add(line);
        Assert.Contains("Upgrade: echo", answer);
    }

    [Fact]
    public async Task Trailers_come_behind_the_body()
    {
        using var response = await sample.Client.GetAsync("/trailers");
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(["X-Content-SHA256"], response.Headers.Trailer);
        Assert.Equal([Convert.ToHexStringLower(SHA256.HashData(body))], response.TrailingHeaders.GetValues("X-Content-SHA256"));
    }
}
