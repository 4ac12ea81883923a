using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>A connection that rests is one like any other to its client: it serves, it closes, and it ends when the server does.</summary>
public sealed class ConnectionRestTests : IAsyncLifetime
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(4);
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private readonly Application _application = new();
    private HttpServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await HttpServer.StartAsync(
        new HttpServerOptions
        {
            Listen = [ListenAddress.AnyLoopbackPort],
            RestAfter = TimeSpan.FromSeconds(1),
            Limits = limits => limits.KeepAliveTimeout = KeepAlive,
        },
        _application, CancellationToken.None);

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Resting_connection_serves_what_comes_however_it_comes()
    {
        await Task.WhenAll(
            ServeAsync("GET /# HTTP/1.1\r\nHost: x\r\n\r\n"),
            ServeAsync("GET /# HTTP/1.1\r\nHost: x\r\n\r\n", piece: 1),
            ServeAsync("GET /# HTTP/1.1\r\nHost: x\r\n\r\nGET /# HTTP/1.1\r\nHost: x\r\n\r\n", count: 2),
            ServeAsync("POST /# HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345", body: 5),
            ServeAsync($"GET /# HTTP/1.1\r\nHost: x\r\nX: {new string('x', 5000)}\r\n\r\n"),
            ServeAsync($"POST /# HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n{new string('x', 300_000)}", piece: 70_000, body: 300_000),
            ServeAsync("GET /# HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    }

    private async Task ServeAsync(string request, int piece = int.MaxValue, int count = 1, int body = 0)
    {
        using var client = await ConnectAsync();
        var path = Guid.NewGuid().ToString("n");
        var bytes = Encoding.ASCII.GetBytes(request.Replace("#", path, StringComparison.Ordinal));
        for (var i = 0; i < 3; i++)
        {
            for (var at = 0; at < bytes.Length; at += piece)
                await client.SendAsync(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at)), _limit.Token);
            for (var j = 0; j < count; j++) Assert.Equal($"/{path} {body}", await AnswerAsync(client));
            await RestsAsync(path);
        }
    }

    [Fact]
    public async Task Connection_whose_client_leaves_ends_while_it_rests()
    {
        foreach (var resets in new[] { false, true })
        {
            var path = Guid.NewGuid().ToString("n");
            using (var client = await ConnectAsync())
            {
                await GetAsync(client, path);
                await RestsAsync(path);
                if (resets) client.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            await UntilAsync(() => _application.Closed.ContainsKey(path));
        }
    }

    [Fact]
    public async Task Resting_connection_is_closed_after_its_time()
    {
        using var client = await ConnectAsync();
        var start = TimeProvider.System.GetTimestamp();
        await GetAsync(client, "time");
        await RestsAsync("time");
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], _limit.Token));
        // The heartbeat is as punctual as the machine lets it be, but not early by more than a beat.
        Assert.True(TimeProvider.System.GetElapsedTime(start) > KeepAlive - TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task Resting_connections_end_with_the_server_at_once()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var client = await ConnectAsync();
            await GetAsync(client, $"stop{i}");
            return client;
        }));
        for (var i = 0; i < clients.Length; i++) await RestsAsync($"stop{i}");
        await _server.StopAsync(_limit.Token);
        foreach (var client in clients)
        {
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], _limit.Token));
            client.Dispose();
        }
    }

    /// <summary>A connection rests between requests, and not within one.</summary>
    [Fact]
    public async Task Request_that_takes_its_time_is_left_alone()
    {
        using var idle = await ConnectAsync();
        using var client = await ConnectAsync();
        await GetAsync(client, "warm");
        await RestsAsync("warm");
        await client.SendAsync("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"u8.ToArray(), _limit.Token);
        // As many seconds as it takes another one to rest twice.
        for (var i = 0; i < 2; i++)
        {
            await GetAsync(idle, "idle");
            await RestsAsync("idle");
        }
        await client.SendAsync("67890"u8.ToArray(), _limit.Token);
        Assert.Equal("/slow 10", await AnswerAsync(client));
    }

    [Theory]
    [InlineData("GET /slow HTTP/1.1\r\n", "Host: x\r\n\r\n")]
    [InlineData("GET /slow HTTP/1.1\r\nHost: x\r\n", "X: y\r\n\r\n")]
    public async Task Head_that_takes_its_time_is_left_alone(string first, string second)
    {
        using var idle = await ConnectAsync();
        using var client = await ConnectAsync();
        await GetAsync(client, "warm");
        await client.SendAsync(Encoding.ASCII.GetBytes(first), _limit.Token);
        await GetAsync(idle, "idle");
        await RestsAsync("idle");
        await GetAsync(idle, "idle");
        await RestsAsync("idle");
        await client.SendAsync(Encoding.ASCII.GetBytes(second), _limit.Token);
        Assert.Equal("/slow 0", await AnswerAsync(client));
    }

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", _server.Addresses[0].Port, _limit.Token);
        return client;
    }

    private async Task GetAsync(Socket client, string path)
    {
        await client.SendAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"), _limit.Token);
        Assert.Equal($"/{path} 0", await AnswerAsync(client));
    }

    private async Task<string> AnswerAsync(Socket client)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)await ByteAsync(client));
        Assert.StartsWith("HTTP/1.1 200", head.ToString(), StringComparison.Ordinal);
        var length = head.ToString().Split("\r\n").Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..];
        var body = new StringBuilder();
        while (body.Length < int.Parse(length)) body.Append((char)await ByteAsync(client));
        return body.ToString();
    }

    private async Task<byte> ByteAsync(Socket client)
    {
        var room = new byte[1];
        Assert.Equal(1, await client.ReceiveAsync(room, _limit.Token));
        return room[0];
    }

    private Task RestsAsync(string path) => UntilAsync(() => _application.Rests[$"/{path}"].IsResting);

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(5, _limit.Token);
    }

    private sealed class Application : IHttpApplication<HttpExchange>
    {
        public ConcurrentDictionary<string, ConnectionRest> Rests { get; } = new();

        public ConcurrentDictionary<string, bool> Closed { get; } = new();

        public HttpExchange CreateContext(IFeatureCollection contextFeatures)
        {
            var exchange = HttpExchange.From(contextFeatures);
            exchange.Rest!.IsServing = true;
            return exchange;
        }

        public void DisposeContext(HttpExchange context, Exception? exception) => context.Rest!.IsServing = false;

        public async Task ProcessRequestAsync(HttpExchange context)
        {
            var path = context.Request.Path;
            Rests[path] = context.Rest!;
            context.Find<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>()!.ConnectionClosed
                .Register(() => Closed[path.Trim('/')] = true);
            var body = new MemoryStream();
            if (context.CanHaveBody) await context.Request.Body.CopyToAsync(body);
            var answer = Encoding.ASCII.GetBytes($"{path} {body.Length}");
            context.Response.Headers.ContentLength = answer.Length;
            await context.ResponseBody.Writer.WriteAsync(answer);
        }
    }
}
