using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// What a failing daemon turns into (behaviour.md, section 6): a real front end, and a daemon that answers what the test wants.
/// </summary>
[Trait("Host", "native")]
public sealed class FailingDaemonTests : IAsyncLifetime
{
    private readonly TcpListener _daemon = new(IPAddress.Loopback, 0);
    private readonly List<string> _requests = [];
    private volatile string _answer = "";
    private volatile bool _hold;
    private volatile bool _reset;
    private int _connections;
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync()
    {
        _daemon.Start();
        _ = ServeAsync();
        _frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            daemons:
              - { name: app, address: "http://127.0.0.1:{{((IPEndPoint)_daemon.LocalEndpoint).Port}}", socket-timeout: 1s, header-buffer-size: 8KiB }
              - { name: lazy, address: "http://127.0.0.1:{{((IPEndPoint)_daemon.LocalEndpoint).Port}}", response-flush-delay: 1m, response-flush-deadline: 0 }
              - { name: gone, address: "unix:/nonexistent/app.sock", connect-timeout: 200ms }
              - { name: barred, address: "unix:/dev/null/app.sock" }
              - { name: well, sample: true, response-socket-timeout: 500ms }
            routes: [ { path: /, daemon: app }, { path: /barred, daemon: barred }, { path: /lazy, daemon: lazy }, { path: /gone, daemon: gone }, { path: /well, daemon: well, strip-prefix: true } ]
            """);
    }

    public async ValueTask DisposeAsync()
    {
        _daemon.Dispose();
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var connection = await _daemon.AcceptSocketAsync();
                Interlocked.Increment(ref _connections);
                _ = AnswerAsync(connection);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using var _ = connection;
        var buffer = new byte[65_536];
        var request = "";
        // With the body's one byte unread, closing would be a reset.
        while (!request.Contains("\r\n\r\n") || (request.Contains("Content-Length: 1\r\n") && request.EndsWith("\r\n\r\n")))
        {
            var count = await connection.ReceiveAsync(buffer);
            if (count == 0) return;
            request += Encoding.Latin1.GetString(buffer, 0, count);
        }
        lock (_requests) _requests.Add(request);
        await connection.SendAsync(Encoding.Latin1.GetBytes(_answer));
        if (_hold) await Task.Delay(TimeSpan.FromSeconds(5));
        if (_reset)
        {
            // The front end reads what was sent, or gets to send, and then has the connection reset under its hands.
            await Task.Delay(100);
            connection.LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    [Theory]
    [InlineData("", 502, "WSGI0146")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", 502, "WSGI0146")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 500, "WSGI0148")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n", 500, "WSGI0148")]
    [InlineData("HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", 500, "WSGI0148")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", 500, "WSGI0148")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, "DPXY0001")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502, "DPXY0001")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 502, "DPXY0001")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 502, "DPXY0002")]
    public async Task Daemon_without_a_proper_answer_becomes(string answer, int status, string code)
    {
        _answer = answer;
        using var response = await _frontEnd.Client.PostAsync("/", new StringContent("x"));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(code, await response.Content.ReadAsStringAsync());
        await _frontEnd.EventAsync(code);
        Assert.Equal(200, (int)(await _frontEnd.Client.GetAsync("/well/")).StatusCode);
    }

    [Fact]
    public async Task Header_line_longer_than_header_buffer_size_becomes_500()
    {
        _answer = $"HTTP/1.1 200 OK\r\nX: {new string('a', 9000)}\r\nContent-Length: 0\r\n\r\n";
        using var response = await _frontEnd.Client.GetAsync("/");
        Assert.Equal(500, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0144");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Silence_becomes_504_after_socket_timeout()
    {
        _hold = true;
        using var response = await _frontEnd.Client.GetAsync("/");
        Assert.Equal(504, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0145");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Missing_socket_becomes_503_after_connect_timeout()
    {
        using var response = await _frontEnd.Client.GetAsync("/gone");
        Assert.Equal(503, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0116");
        await NextIsServedAsync();
    }

    [Theory]
    [InlineData("X-Accel-Buffering: no")]
    [InlineData("Content-Type: text/event-stream; charset=utf-8")]
    public async Task Application_has_its_blocks_sent_at_once(string header)
    {
        _answer = $"HTTP/1.1 200 OK\r\n{header}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
        _hold = true;
        // By the group's own policy the head would not leave for a minute.
        using var response = await _frontEnd.Client.GetAsync("/lazy", HttpCompletionOption.ResponseHeadersRead);
        var block = new byte[3];
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(block);
        Assert.Equal("abc"u8.ToArray(), block);
        Assert.False(response.Headers.Contains("X-Accel-Buffering"));
    }

    [Fact]
    public async Task Application_lowers_its_rate()
    {
        _answer = $"HTTP/1.1 200 OK\r\nX-Accel-Limit-Rate: 20000\r\nContent-Length: 20000\r\n\r\n{new string('x', 20_000)}";
        var start = Stopwatch.GetTimestamp();
        using var response = await _frontEnd.Client.GetAsync("/");
        Assert.Equal(20_000, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.True(Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(0.9), "it came faster than asked for");
        Assert.False(response.Headers.Contains("X-Accel-Limit-Rate"));
    }

    [Fact]
    public async Task Socket_that_cannot_be_there_becomes_503_at_once()
    {
        using var response = await _frontEnd.Client.GetAsync("/barred");
        Assert.Equal(503, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0117");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Connection_that_is_reset_in_the_head_becomes_502()
    {
        _answer = "HTTP/1.1 200 OK\r\nX-Half: ";
        _reset = true;
        using var response = await _frontEnd.Client.PostAsync("/", content: null);
        Assert.Equal(502, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0147");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Client_that_takes_nothing_is_closed_after_response_socket_timeout()
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await client.SendAsync("GET /well/bytes?n=100000000 HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await _frontEnd.EventAsync("WSGI0120");
        Assert.True((await RunningFrontEnd.ReadToEndAsync(client)).Length < 100_000_000, "it was closed in the middle");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Request_body_that_is_malformed_becomes_400()
    {
        var answer = await _frontEnd.RawAsync(
            "POST /well/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nno size\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer);
        await _frontEnd.EventAsync("WSGI0126");
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Daemon_that_stops_reading_the_request_becomes_500()
    {
        _reset = true;
        using var response = await _frontEnd.Client.PostAsync("/", new ByteArrayContent(new byte[20_000_000]));
        Assert.Equal(500, (int)response.StatusCode);
        await _frontEnd.EventAsync("WSGI0129");
        await NextIsServedAsync();
    }

    private async Task NextIsServedAsync() => Assert.Equal("200 OK\n", await _frontEnd.Client.GetStringAsync("/well/status/200"));

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\nabc", false, "WSGI0119")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, "WSGI0119")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true, "WSGI0118")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX", true, "DPXY0002")]
    public async Task Body_that_breaks_off_is_broken_off(string answer, bool hold, string code)
    {
        _answer = "HTTP/1.1 200 OK\r\n" + answer;
        _hold = hold;
        var received = await _frontEnd.RawAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", received);
        Assert.Contains("abc", received);
        Assert.DoesNotContain("\r\n0\r\n", received);
        await _frontEnd.EventAsync(code);
        await NextIsServedAsync();
    }

    [Fact]
    public async Task Hop_by_hop_headers_stay_on_their_hop()
    {
        _answer = "HTTP/1.1 200 OK\r\nConnection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Public: "
            + "1\r\nContent-Length: 2\r\n\r\nok";
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Connection.Add("X-Secret");
        request.Headers.Add("X-Secret", "1");
        request.Headers.Add("X-Shown", "1");
        request.Headers.Add("Proxy-Authorization", "x");
        using var response = await _frontEnd.Client.SendAsync(request);
        Assert.True(response.Headers.Contains("X-Public"));
        Assert.False(response.Headers.Contains("X-Private"));
        Assert.False(response.Headers.Contains("Keep-Alive"));
        var sent = _requests.Single();
        Assert.Contains("X-Shown: 1", sent);
        Assert.DoesNotContain("X-Secret", sent);
        Assert.DoesNotContain("Proxy-Authorization", sent);
    }

    [Fact]
    public async Task Repeatable_request_that_got_no_byte_is_sent_once_more_and_no_other_is()
    {
        await _frontEnd.Client.GetAsync("/");
        Assert.Equal(2, Volatile.Read(ref _connections));
        await _frontEnd.Client.PostAsync("/", new StringContent("x"));
        Assert.Equal(3, Volatile.Read(ref _connections));
    }
}
