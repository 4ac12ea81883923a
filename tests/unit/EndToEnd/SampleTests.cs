using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// The sample application behind a real front end: what breaks off, what is upgraded, what is limited and changed while it serves.
/// </summary>
[Trait("Host", "native")]
public sealed class SampleTests : IAsyncLifetime
{
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync() => _frontEnd = await RunningFrontEnd.StartAsync("""
        name: site
        python-home: no-python-here
        daemons: [ { name: app, sample: true }, { name: old, sample: true, response-flush-delay: 0, response-buffer-size: 64KiB, response-flush-deadline: 0 } ]
        routes:
          - { path: /, daemon: app, upgrades: [ websocket, echo ] }
          - { path: /limited, daemon: app, strip-prefix: true, rate-limit: 200KiB/s }
          - { path: /old, daemon: old, strip-prefix: true, rate-limit: 2MiB/s, pacer: interval }
          - { path: /inproc, application: "no_such:app" }
        """);

    public async ValueTask DisposeAsync()
    {
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    [Fact]
    public async Task Response_that_breaks_off_has_no_last_chunk()
    {
        var answer = await _frontEnd.RawAsync("GET /abort?n=5000 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", answer);
        Assert.Contains("chunked", answer);
        Assert.DoesNotContain("\r\n0\r\n", answer);
        Assert.True(answer.Length > 5000, "what came before the break is the client's");
        await _frontEnd.EventAsync("WSGI0119");
    }

    [Fact]
    public async Task Response_that_breaks_off_gives_curl_a_transfer_error()
    {
        Programs.Need("curl");
        var (exitCode, _) = await Programs.RunAsync("curl", "-s", "--max-time", "20", "-o", "/dev/null", _frontEnd.Uri + "abort?n=100000");
        // 18: transfer closed with outstanding read data remaining; 56: failure in receiving network data.
        Assert.Contains(exitCode, new[] { 18, 56 });
    }

    [Theory]
    [InlineData("Transfer-Encoding: gzip, chunked", 501, "WSGI0138")]
    [InlineData("Transfer-Encoding: gzip", 400, "WSGI0138")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 3", 400, "WSGI0140")]
    [InlineData("Content-Length: 3x", 400, "WSGI0141")]
    [InlineData("Content-Length: -3", 400, "WSGI0141")]
    [InlineData("Content-Length: 3\r\nContent-Length: 4", 400, "WSGI0141")]
    [InlineData("No colon", 400, "DPXY0023")]
    public async Task Request_whose_framing_cannot_be_trusted_reaches_no_daemon(string header, int status, string code)
    {
        var answer = await _frontEnd.RawAsync(
            $"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        await _frontEnd.EventAsync(code);
        Assert.Equal("200 OK\n", await _frontEnd.Client.GetStringAsync("status/200"));
    }

    [Fact]
    public async Task Upgraded_connection_passes_bytes_both_ways()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await socket.SendAsync("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nping"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 101", await ReadUntilAsync(socket, "ping"));
        await socket.SendAsync("pong"u8.ToArray());
        Assert.Equal("pong", await ReadUntilAsync(socket, "pong"));
    }

    private static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        var buffer = new byte[4096];
        var text = "";
        while (!text.EndsWith(end, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer).WaitAsync(RunningFrontEnd.Limit);
            Assert.True(count > 0, "the connection ended with " + text);
            text += Encoding.ASCII.GetString(buffer, 0, count);
        }
        return text;
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        var answer = await _frontEnd.RawAsync(
            "GET /status/201 HTTP/1.1\r\nHost: x\r\n\r\nGET /status/202 HTTP/1.1\r\nHost: x\r\n\r\nGET /status/203 HTTP/1.1\r\nHost: "
            + "x\r\nConnection: close\r\n\r\n");
        var statuses = answer.Split("HTTP/1.1 ").Skip(1).Select(part => part[..3]);
        Assert.Equal(["201", "202", "203"], statuses);
    }

    [Theory]
    [InlineData("/limited/../sink", "/sink")]
    [InlineData("/%6cimited/bytes", "/bytes")]
    [InlineData("/limited/%2e%2e/bytes", "/bytes")]
    [InlineData("/limited/bytes?n=3&x=/../", "/bytes?n=3&x=/../")]
    [InlineData("/limitedbytes", "/limitedbytes")]
    public async Task Target_that_reaches_the_daemon_is_the_one_that_was_routed(string target, string expected)
    {
        // /echo would hide it behind its own path, so the daemon's answer of 404 or not tells; the target itself comes back from /echo.
        var answer = await _frontEnd.RawAsync($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        var direct = await _frontEnd.RawAsync($"GET {expected} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.Equal(direct.Split("\r\n")[0], answer.Split("\r\n")[0]);
    }

    [Fact]
    public async Task Rate_limit_holds_and_is_lifted_while_serving()
    {
        var limited = await TimeAsync("/limited/bytes?n=204800");
        await _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/limited", RateLimit = 0 });
        var free = await TimeAsync("/limited/bytes?n=204800");
        // What takes longer without a limit is the machine, and hardly every time.
        for (var tries = 1; free >= limited / 2 && tries < 20; tries++) free = await TimeAsync("/limited/bytes?n=204800");
        Assert.True(limited > TimeSpan.FromSeconds(0.9), $"200 KiB at 200 KiB/s took {limited}");
        Assert.True(free < limited / 2, $"without a limit it took {free}");
    }

    [Fact]
    public async Task Flush_policy_swapped_in_mid_response_takes_effect_in_it()
    {
        using var response = await _frontEnd.Client.GetAsync(
            "/old/stream?n=1000000000&chunk=8192&stall-ms=1", HttpCompletionOption.ResponseHeadersRead);
        using var body = await response.Content.ReadAsStreamAsync();
        await CountAsync(body, TimeSpan.FromSeconds(0.5));
        var before = await CountAsync(body, TimeSpan.FromSeconds(1.5));
        await _frontEnd.Control.SetFlushPolicyAsync(
            new FlushPolicyChange { Daemon = "old", FlushDelay = TimeSpan.FromMilliseconds(20), BufferSize = 8 << 20 });
        await CountAsync(body, TimeSpan.FromSeconds(0.5));
        var after = await CountAsync(body, TimeSpan.FromSeconds(1.5));
        // The pacer alone keeps it as slow as it was before; a machine that is busier than it was then, not for ever.
        for (var tries = 1; after <= before * 1.5 && tries < 10; tries++) after = await CountAsync(body, TimeSpan.FromSeconds(1.5));
        Assert.True(after > before * 1.5, $"{before} bytes before, {after} after");
    }

    [Fact]
    public async Task Embedded_request_is_a_logged_500_and_the_front_end_lives_on()
    {
        foreach (var (on, code) in new[] { (true, "WSGI0143"), (false, "WSGI0210") })
        {
            await _frontEnd.Control.SetRestrictionAsync(on);
            using var response = await _frontEnd.Client.GetAsync("/inproc");
            Assert.Equal(500, (int)response.StatusCode);
            await _frontEnd.EventAsync(code);
            Assert.Equal(200, (int)(await _frontEnd.Client.GetAsync("/")).StatusCode);
        }
    }

    [Fact]
    public async Task Large_response_to_a_slow_client_leaves_the_memory_flat()
    {
        // Twice the way: what the first pass warms up is not the response's.
        await ReadSlowlyAsync(TimeSpan.FromSeconds(1));
        var before = _frontEnd.Memory();
        await ReadSlowlyAsync(TimeSpan.FromSeconds(4));
        var grown = _frontEnd.Memory() - before;
        Assert.True(grown < 8 << 20, $"grown by {grown} bytes");
    }

    private async Task ReadSlowlyAsync(TimeSpan time)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await socket.SendAsync("GET /bytes?n=1073741824&chunk=65536 HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        var buffer = new byte[1 << 17];
        for (var start = Stopwatch.StartNew(); start.Elapsed < time; await Task.Delay(125))
            Assert.True(await socket.ReceiveAsync(buffer).WaitAsync(RunningFrontEnd.Limit) > 0);
    }

    private async Task<TimeSpan> TimeAsync(string path)
    {
        var start = Stopwatch.GetTimestamp();
        await _frontEnd.Client.GetByteArrayAsync(path);
        return Stopwatch.GetElapsedTime(start);
    }

    private static async Task<long> CountAsync(Stream body, TimeSpan time)
    {
        var buffer = new byte[65_536];
        var count = 0L;
        for (var start = Stopwatch.StartNew(); start.Elapsed < time;) count += await body.ReadAsync(buffer).AsTask()
            .WaitAsync(RunningFrontEnd.Limit);
        return count;
    }
}
