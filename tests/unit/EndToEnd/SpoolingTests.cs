using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Slow clients before a group of few threads, with and without a spool.</summary>
public sealed class SpoolingTests : IAsyncLifetime
{
    private const int Threads = 5;
    private const long Guard = 1 << 20;
    private const int Download = 4 << 20;

    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync() => _frontEnd = await RunningFrontEnd.StartAsync($$"""
        name: site
        client-body-timeout: 2s
        daemons:
          - { name: spooling, sample: true, threads: {{Threads}}, response-buffer-size: 1MiB, response-spool: 64MiB, request-spool: 4MiB }
          - { name: plain, sample: true, threads: {{Threads}}, response-buffer-size: 1MiB }
        routes:
          - { path: /spooling, daemon: spooling, strip-prefix: true }
          - { path: /plain, daemon: plain, strip-prefix: true }
          - { path: /spooling/slow, daemon: spooling, strip-prefix: true, rate-limit: 50KiB/s }
          - { path: /plain/slow, daemon: plain, strip-prefix: true, rate-limit: 50KiB/s }
        """);

    public async ValueTask DisposeAsync()
    {
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    private async Task<DaemonStatus> GroupAsync(string name) =>
        (await _frontEnd.Control.GetStatusAsync()).Daemons.Single(daemon => daemon.Daemon == name);

    private int SpoolFiles() =>
        Directory.EnumerateFiles($"/proc/{_frontEnd.ProcessId}/fd")
        .Count(file => new FileInfo(file).LinkTarget is { } target && target.Contains(".spool"));

    [Theory]
    [InlineData("spooling", true)]
    [InlineData("plain", false)]
    public async Task Paced_downloads_leave_a_group_that_spools_free_for_others(string group, bool free)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "open files are looked up in /proc");
        using var gone = new CancellationTokenSource();
        var before = _frontEnd.Memory();
        var downloads = await Task.WhenAll(Enumerable.Range(0, Threads * 2).Select(async i =>
        {
            // The first of them get their head at once, without a spool as well.
            if (!free && i >= Threads) return null;
            return await _frontEnd.Client.GetAsync(
                $"/{group}/slow/bytes?n={Download}", HttpCompletionOption.ResponseHeadersRead, gone.Token);
        }));
        var other = _frontEnd.Client.GetByteArrayAsync($"/{group}/bytes?n=10", gone.Token);
        var first = await Task.WhenAny(other, Task.Delay(free ? RunningFrontEnd.Limit : TimeSpan.FromSeconds(1)));
        Assert.Equal(free, first == other);
        if (!free)
        {
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
            return;
        }

        await RunningFrontEnd.UntilAsync(() => GroupAsync(group).GetAwaiter().GetResult().ActiveRequests == 0, "the daemons to be done");
        Assert.Equal(Threads * 2, SpoolFiles());
        Assert.InRange(_frontEnd.Memory() - before, 0, Threads * 2 * (Guard + (1 << 20)) + (48 << 20));
        foreach (var response in downloads) response!.Dispose();
        await RunningFrontEnd.UntilAsync(() => SpoolFiles() == 0, "the disk to be free");
    }

    [Fact]
    public async Task Spooled_responses_are_whole_and_broken_ones_are_broken()
    {
        using var plain = await _frontEnd.Client.GetAsync($"/plain/bytes?n={Download}");
        using var spooled = await _frontEnd.Client.GetAsync($"/spooling/bytes?n={Download}");
        Assert.Equal(SHA256.HashData(await plain.Content.ReadAsByteArrayAsync()),
            SHA256.HashData(await spooled.Content.ReadAsByteArrayAsync()));
        Assert.Equal(3_000_000, (await _frontEnd.Client.GetByteArrayAsync("/spooling/stream?n=3000000")).Length);
        using var trailers = await _frontEnd.Client.GetAsync("/spooling/trailers");
        await trailers.Content.ReadAsByteArrayAsync();
        Assert.NotEmpty(trailers.TrailingHeaders);
        var broken = await _frontEnd.RawAsync("GET /spooling/abort?n=50000 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", broken);
        Assert.True(broken.Length > 50_000, $"what came before the break is the client's, and there were {broken.Length} bytes");
        Assert.DoesNotContain("\r\n0\r\n", broken);
    }

    [Theory]
    [InlineData("Content-Length: 6\r\n\r\n", "abc", "def", "6")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n", "6")]
    [InlineData("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n", "3\r\nabc\r\n", "3\r\ndef\r\n0\r\nX-Sum: 1\r\n\r\n", "6")]
    [InlineData("Expect: 100-continue\r\nContent-Length: 6\r\n\r\n", "abc", "def", "6")]
    public async Task Slow_upload_holds_no_worker_until_it_is_here(string head, string first, string rest, string count)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /spooling/sink HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}{first}"));
        await RunningFrontEnd.UntilAsync(
            () => _frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().ActiveRequests > 0, "the request to be seen");
        Assert.Equal(0, (await GroupAsync("spooling")).ActiveRequests);
        await socket.SendAsync(Encoding.ASCII.GetBytes(rest));
        var answer = await RunningFrontEnd.ReadToEndAsync(socket);
        Assert.Contains("HTTP/1.1 200 OK", answer);
        Assert.Contains(count, answer.Split("\r\n\r\n")[^1]);
    }

    [Theory]
    [InlineData(3_000_000)]
    [InlineData(20_000_000)]
    public async Task Large_upload_arrives_whole(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        foreach (var chunked in new[] { true, false })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/spooling/echo?raw=1") { Content = new ByteArrayContent(bytes) };
            request.Headers.TransferEncodingChunked = chunked;
            using var response = await _frontEnd.Client.SendAsync(request);
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await response.Content.ReadAsByteArrayAsync()));
        }
    }

    [Fact]
    public async Task Upload_that_stops_gets_408_and_no_worker_has_seen_it()
    {
        var before = (await GroupAsync("spooling")).Workers.Sum(worker => worker.Requests);
        var answer = await _frontEnd.RawAsync("POST /spooling/sink HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
        Assert.Contains("HTTP/1.1 408 ", answer);
        Assert.Contains("DPXY0040", answer);
        Assert.Equal(before, (await GroupAsync("spooling")).Workers.Sum(worker => worker.Requests));
    }
}
