using System.Diagnostics;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Pacing;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Shared limits, conditions, live changes and trusted proxies on a real front end. What is measured is compared with what else is
/// measured.
/// </summary>
[Trait("Host", "native")]
public sealed class RateLimitTests : IAsyncLifetime
{
    private const string Endless = "/bytes?n=1000000000&chunk=";
    private readonly string _folder = RunningFrontEnd.NewFolder();
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync() => _frontEnd = await RunningFrontEnd.StartAsync("""
        name: site
        access-log: access.log
        trusted-proxies: [ 127.0.0.0/8, 10.0.0.0/8 ]
        rate-limits:
          - { rate-limit: 400KiB/s, rate-scope: total, paths: [ /all ] }
        daemons: [ { name: app, sample: true } ]
        routes:
          - { path: /, daemon: app }
          - { path: /all, daemon: app, strip-prefix: true }
          - { path: /shared, daemon: app, strip-prefix: true, rate-limit: 400KiB/s, rate-scope: route }
          - { path: /client, daemon: app, strip-prefix: true, rate-limit: 200KiB/s, rate-scope: client }
          - path: /some
            daemon: app
            strip-prefix: true
            rate-limits:
              - { rate-limit: 50KiB/s, content-types: application/octet-stream, minimum-size: 100KiB, paths: "/some/b*" }
              - { rate-limit: 50KiB/s, methods: POST }
        """, _folder);

    public async ValueTask DisposeAsync()
    {
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    [Theory]
    [InlineData("/shared")]
    [InlineData("/all")]
    public async Task Eight_responses_share_a_limit_equally_whatever_their_blocks(string route)
    {
        var got = await ReadAsync(
            TimeSpan.FromSeconds(3),
            [.. new[] { 100, 1000, 8192, 65_536, 100, 1000, 8192, 65_536 }.Select(chunk => (route + Endless + chunk, (string?)null))]);
        var mean = got.Average();
        // What was buffered on the way at the start is the client's own to count, a few KiB of 150 each.
        Assert.All(got, bytes => Assert.InRange(bytes / mean, 0.9, 1.1));
        Assert.InRange(got.Sum() / (3 * 400 * 1024d), 0.8, 1.1);
    }

    [Fact]
    public async Task Clients_behind_a_trusted_proxy_have_each_their_own_rate()
    {
        var path = "/client" + Endless + 8192;
        var got = await ReadAsync(
            TimeSpan.FromSeconds(3), (path, "203.0.113.1"), (path, "198.51.100.1, 203.0.113.1, 10.0.0.7"), (path, "203.0.113.2"));
        Assert.InRange(got[0] / got[1], 0.85, 1.15);
        Assert.InRange((got[0] + got[1]) / got[2], 0.85, 1.15);
    }

    [Fact]
    public async Task Trusted_proxy_s_word_reaches_the_daemon_and_the_access_log()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/echo?who");
        request.Headers.Add("X-Forwarded-For", "198.51.100.7, 203.0.113.9");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", "shop.example");
        using var response = await _frontEnd.Client.SendAsync(request);
        var headers = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("headers").ToString();
        Assert.Contains("198.51.100.7, 203.0.113.9, 127.0.0.1", headers);
        Assert.Contains("shop.example", headers);
        Assert.Matches("(?i)x-forwarded-proto[^a-z]+https", headers);
        await RunningFrontEnd.UntilAsync(() => Log().Contains("/echo?who", StringComparison.Ordinal), "a line of the access log");
        Assert.Contains("203.0.113.9 - - [", Log());
    }

    private string Log()
    {
        using var reader = new StreamReader(
            new FileStream(Path.Combine(_folder, "access.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    [Theory]
    [InlineData("GET", "/some/bytes?n=150000", true)]
    [InlineData("GET", "/some/bytes?n=100000", false)] // too small
    [InlineData("GET", "/some/stream?n=150000", false)] // another path
    [InlineData("POST", "/some/echo?raw=1", true)]
    public async Task Limit_holds_for_what_meets_its_conditions(string method, string path, bool limited)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST") request.Content = new ByteArrayContent(new byte[150_000]);
        var start = Stopwatch.GetTimestamp();
        // One that the limit does hold for runs beside it, at 50 KiB/s: on the busiest machine what is not limited is there before.
        using var stop = new CancellationTokenSource();
        var control = _frontEnd.Client.GetByteArrayAsync("/some/bytes?n=150000", stop.Token);
        var own = _frontEnd.Client.SendAsync(request);
        var isFirst = await Task.WhenAny(own, control) == own;
        using var response = await own;
        Assert.True(response.IsSuccessStatusCode);
        if (limited) Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds > 2.5, "at 50 KiB/s it cannot be there in less than 2.9 s");
        else Assert.True(isFirst, "it took as long as what is limited");
        await stop.CancelAsync();
        await control.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task Changed_shared_limit_holds_for_what_is_in_flight_and_0_lifts_it()
    {
        await _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/shared", RateLimit = 1 });
        using var response = await _frontEnd.Client.GetAsync(
            "/shared/bytes?n=3000000&chunk=8192", HttpCompletionOption.ResponseHeadersRead);
        using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[65_536];
        var first = await body.ReadAsync(buffer);
        // At a byte a second the next write is due in minutes.
        var next = body.ReadAsync(buffer).AsTask();
        await Task.Delay(300);
        Assert.False(next.IsCompleted);
        // At 32 KiB/s all of it takes three times as long as is waited for.
        var changed = await _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/shared", RateLimit = 32 << 10 });
        var count = first + await next.WaitAsync(RunningFrontEnd.Limit);
        Assert.Equal(1, Assert.Single(changed.RateLimits).Responses);
        await _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/shared", RateLimit = 0, RateScope = RateScope.Route });
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        while (await body.ReadAsync(buffer, limit.Token) is > 0 and var read) count += read;
        Assert.Equal(3_000_000, count);
    }

    [Fact]
    public async Task Change_says_which_limit_it_means()
    {
        var ambiguous = await Assert.ThrowsAsync<ControlException>(
            () => _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/some", RateLimit = 1 }));
        Assert.Contains("route '/some' has several limits: 1 (Response, 50KiB/s), 2 (Response, 50KiB/s)", ambiguous.Message);
        var missing = await Assert.ThrowsAsync<ControlException>(
            () => _frontEnd.Control.SetRateLimitAsync(
            new RateLimitChange { Route = "/some", RateLimit = 1, RateScope = RateScope.Client }));
        Assert.Contains("has no such limit", missing.Message);
        var interval = await Assert.ThrowsAsync<ControlException>(
            () => _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/shared", Pacer = PacerKind.Interval }));
        Assert.Contains("can share no rate", interval.Message);
        var second = await _frontEnd.Control.SetRateLimitAsync(new RateLimitChange { Route = "/some", Index = 2, RateLimit = 1000 });
        Assert.Equal([51_200, 1000], second.RateLimits.Select(limit => limit.Rate));
        var all = await _frontEnd.Control.SetRateLimitOfAllAsync(new RateLimitChange { RateLimit = 5000, RateScope = RateScope.Total });
        Assert.Equal(5000, Assert.Single(all.RateLimits).Rate);
    }

    /// <summary>Reads from all at once; the bytes that each got, from when the first two seconds' worth of all began to come.</summary>
    private async Task<double[]> ReadAsync(TimeSpan time, params (string Path, string? ForwardedFor)[] requests)
    {
        var got = new long[requests.Length];
        using var stop = new CancellationTokenSource();
        var reading = requests.Select(async (wanted, i) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, wanted.Path);
            if (wanted.ForwardedFor is { } client) request.Headers.Add("X-Forwarded-For", client);
            using var response = await _frontEnd.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var body = await response.Content.ReadAsStreamAsync();
            var buffer = new byte[65_536];
            try
            {
                while (await body.ReadAsync(buffer, stop.Token) is > 0 and var count) Interlocked.Add(ref got[i], count);
            }
            catch (OperationCanceledException)
            {
                // Enough.
            }
        }).ToArray();
        await RunningFrontEnd.UntilAsync(() => got.All(bytes => Interlocked.Read(ref bytes) > 0), "the first bytes of each");
        var start = Stopwatch.GetTimestamp();
        var before = got.Select(bytes => bytes).ToArray();
        await Task.Delay(time);
        // On a busy machine it is longer than was asked for.
        var share = time / Stopwatch.GetElapsedTime(start);
        var after = got.Select(bytes => bytes).ToArray();
        await stop.CancelAsync();
        await Task.WhenAll(reading);
        return [.. after.Zip(before, (last, first) => (last - first) * share)];
    }
}
