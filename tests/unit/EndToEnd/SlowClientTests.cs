using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end over TLS and in clear text, with short limits, and a daemon that reads nothing.</summary>
public sealed class SlowClientFrontEnd : IAsyncLifetime
{
    private readonly TcpListener _deaf = new(IPAddress.Loopback, 0);

    internal RunningFrontEnd FrontEnd { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        // Next to nothing is taken by the system in its stead.
        _deaf.Server.ReceiveBufferSize = 4096;
        _deaf.Start();
        FrontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: { certificate: site.pem, key: site.key }
            client-header-timeout: 1s
            client-body-timeout: 2s
            keepalive-timeout: 1s
            limit-request-line: 1KiB
            limit-request-fields: 20
            limit-request-head: 4KiB
            http2-stream-window: 64KiB
            daemons:
              - { name: app, sample: true, socket-timeout: 1500ms }
              - { name: deaf, address: "http://127.0.0.1:{{((IPEndPoint)_deaf.LocalEndpoint).Port}}", send-buffer-size: 4KiB }
            routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 512B/s }, { path: /deaf, daemon: deaf } ]
            """, TlsTests.Files());
    }

    public async ValueTask DisposeAsync()
    {
        await FrontEnd.DisposeAsync();
        _deaf.Dispose();
    }

    internal HttpClient Client(string protocol) => protocol == "2"
        ? TlsTests.Client(FrontEnd.Status.Uris[1], HttpVersion.Version20) : TlsTests.Client(FrontEnd.Status.Uri, HttpVersion.Version11);
}

/// <summary>
/// Clients that are slow and well, clients that are neither, and what the server takes of a request: every limit of the connections of
/// clients.
/// </summary>
public sealed class SlowClientTests(SlowClientFrontEnd shared) : IClassFixture<SlowClientFrontEnd>
{
    private readonly RunningFrontEnd _frontEnd = shared.FrontEnd;

    /// <summary>
    /// At 100 bytes a second, for longer than the server's own least rate (240 bytes/s after 5 s) would let them, and than socket-timeout
    /// and client-body-timeout.
    /// </summary>
    [Fact]
    public async Task Slow_uploads_beside_slow_downloads_end_well_over_both_protocols()
    {
        using var http1 = shared.Client("1.1");
        using var http2 = shared.Client("2");
        var results = await Task.WhenAll(
            new[] { http1, http2 }.SelectMany(
            client => Enumerable.Range(0, 20).SelectMany(i => new[] { Upload(client, i % 2 == 0), Download(client) })));
        Assert.Equal(80, results.Length);
        Assert.All(results, result => Assert.Equal("well", result));

        static async Task<string> Upload(HttpClient client, bool chunked)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/sink")
            {
                Content = new DrippingContent(pieces: 8, every: TimeSpan.FromSeconds(1), chunked),
                Version = client.DefaultRequestVersion,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var response = await client.SendAsync(request);
            var answer = await response.Content.ReadAsStringAsync();
            return (int)response.StatusCode == 200 && answer.Contains("800") ? "well" : $"upload: {(int)response.StatusCode} {answer}";
        }

        static async Task<string> Download(HttpClient client)
        {
            using var response = await client.GetAsync("/slow/bytes?n=4096");
            return (await response.Content.ReadAsByteArrayAsync()).Length == 4096 ? "well" : "download: cut";
        }
    }

    [Fact]
    public async Task Client_that_stops_in_its_body_gets_408()
    {
        string[] requests =
        [
            "Content-Length: 5\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        ];
        var answers = await Task.WhenAll(requests.Select(request => _frontEnd.RawAsync($"POST /sink HTTP/1.1\r\nHost: x\r\n{request}")));
        Assert.All(answers, answer => Assert.Contains("HTTP/1.1 408 ", answer));
        Assert.All(answers, answer => Assert.Contains("DPXY0040", answer));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_that_stops_in_its_body_gets_408_and_its_neighbours_do_not_notice(bool chunked)
    {
        using var client = shared.Client("2");
        using var stalling = new HttpRequestMessage(HttpMethod.Post, "/sink")
        {
            Content = new DrippingContent(pieces: 2, every: RunningFrontEnd.Limit, chunked),
            Version = client.DefaultRequestVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var neighbour = client.GetByteArrayAsync("/slow/bytes?n=1800");
        using var response = await client.SendAsync(stalling, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(408, (int)response.StatusCode);
        Assert.Contains("DPXY0040", await response.Content.ReadAsStringAsync());
        Assert.Equal(1800, (await neighbour).Length);
        await _frontEnd.EventAsync("DPXY0040");
    }

    [Fact]
    public async Task Uploads_that_a_daemon_does_not_read_take_nothing_from_their_neighbours_on_the_connection()
    {
        using var client = shared.Client("2");
        using var gone = new CancellationTokenSource();
        var stuck = Enumerable.Range(0, 40).Select(_ => client.PostAsync("/deaf", new ByteArrayContent(new byte[16 << 20]), gone.Token))
            .ToArray();
        // The daemon's socket takes some of each first; what counts is that the streams' windows are used up.
        await Task.Delay(500);
        using var response = await client.PostAsync("/sink", new ByteArrayContent(new byte[1 << 20])).WaitAsync(RunningFrontEnd.Limit);
        Assert.Contains($"{1 << 20}", await response.Content.ReadAsStringAsync());
        Assert.All(stuck, upload => Assert.False(upload.IsCompleted));
        await gone.CancelAsync();
        await Task.WhenAll(stuck).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    /// <summary>
    /// The server gives back what has been read when it is half of the connection's window: those that wait must leave that much.
    /// </summary>
    [Fact]
    public async Task Uploads_that_a_daemon_does_not_read_take_nothing_from_their_neighbours_with_large_windows_either()
    {
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Server.ReceiveBufferSize = 4096;
        deaf.Start();
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            listen: https://127.0.0.1:0
            tls: { certificate: site.pem, key: site.key }
            http2-stream-window: 1MiB
            client-body-timeout: 5s
            daemons:
              - { name: app, sample: true }
              - { name: deaf, address: "http://127.0.0.1:{{((IPEndPoint)deaf.LocalEndpoint).Port}}", send-buffer-size: 4KiB }
            routes: [ { path: /, daemon: app }, { path: /deaf, daemon: deaf } ]
            """, TlsTests.Files());
        using var client = TlsTests.Client(frontEnd.Uri, HttpVersion.Version20);
        using var gone = new CancellationTokenSource();
        var stuck = Enumerable.Range(0, 12)
            .Select(_ => client.PostAsync("/deaf", new ByteArrayContent(new byte[16 << 20]), gone.Token)).ToArray();
        await Task.Delay(1000);
        using var response = await client.PostAsync("/sink", new ByteArrayContent(new byte[32 << 20])).WaitAsync(RunningFrontEnd.Limit);
        Assert.Contains($"{32 << 20}", await response.Content.ReadAsStringAsync());
        await gone.CancelAsync();
        await Task.WhenAll(stuck).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Theory]
    [InlineData("GET /{a2000} HTTP/1.1\r\nHost: x\r\n\r\n", 414)]
    [InlineData("GET /bytes?n=1 HTTP/1.1\r\nHost: x\r\n{25 fields}Connection: close\r\n\r\n", 431)]
    [InlineData("GET /bytes?n=1 HTTP/1.1\r\nHost: x\r\nX: {a2000}\r\nY: {a2000}\r\nZ: {a2000}\r\n\r\n", 431)]
    [InlineData("GET /bytes?n=1 HTTP/1.1\r\nHost: x\r\nX: {a2000}\r\nConnection: close\r\n\r\n", 200)]
    public async Task Head_beyond_a_limit_is_refused(string request, int status)
    {
        var text = request.Replace("{a2000}", new string('a', 2000))
            .Replace("{25 fields}", string.Concat(Enumerable.Range(0, 25).Select(i => $"X-{i}: 1\r\n")));
        Assert.StartsWith($"HTTP/1.1 {status} ", await _frontEnd.RawAsync(text));
    }

    [Fact]
    public async Task Head_that_comes_byte_by_byte_has_a_limit_in_all()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        var answer = RunningFrontEnd.ReadToEndAsync(socket);
        foreach (var b in Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\nX: {new string('a', 100)}"))
        {
            if (answer.IsCompleted) break;
            try { await socket.SendAsync(new[] { b }); }
            catch (SocketException) { break; }
            await Task.Delay(100);
        }
        Assert.StartsWith("HTTP/1.1 408 ", await answer.WaitAsync(RunningFrontEnd.Limit));
    }

    [Fact]
    public async Task Connection_without_a_request_is_closed_after_keepalive_timeout()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await socket.SendAsync("GET /bytes?n=1 HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200 ", await RunningFrontEnd.ReadToEndAsync(socket).WaitAsync(RunningFrontEnd.Limit));
    }

    /// <summary>A body of pieces of 100 bytes, each after a pause but for the first.</summary>
    private sealed class DrippingContent(int pieces, TimeSpan every, bool chunked) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            for (var i = 0; i < pieces; i++)
            {
                if (i > 0) await Task.Delay(every, cancellationToken);
                await stream.WriteAsync(new byte[100], cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = pieces * 100;
            return !chunked;
        }
    }
}
