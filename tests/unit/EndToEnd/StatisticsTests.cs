using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Control;
using DaemonProxy.Statistics;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What a real front end counts and logs of its requests.</summary>
[Trait("Host", "native")]
public sealed class StatisticsTests : IAsyncLifetime
{
    private readonly string _folder = RunningFrontEnd.NewFolder();

    /// <summary>Takes connections, and never says a word.</summary>
    private readonly TcpListener _mute = new(IPAddress.Loopback, 0);
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync()
    {
        _mute.Start();
        await File.WriteAllTextAsync(Path.Combine(_folder, "app.wsgi"), "");
        _frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            access-log: access.log
            metrics-listen: http://127.0.0.1:0
            daemons: [ { name: app, sample: true }, { name: other, sample: true }, { name: mute, address: "http://{{_mute.LocalEndpoint}}" } ]
            routes:
              - { path: /app, daemon: app, strip-prefix: true }
              - { path: /other, daemon: other, strip-prefix: true }
              - { path: /mute, daemon: mute }
              - { path: /inproc, application: app.wsgi }
            restrict-embedded: on
            """, _folder);
    }

    public async ValueTask DisposeAsync()
    {
        _mute.Dispose();
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    [Fact]
    public async Task Requests_are_counted_by_group_and_route_and_a_restart_keeps_the_counts()
    {
        foreach (var path in new[] { "app/status/200", "app/bytes?n=1000", "app/status/404", "app/status/500", "other/status/302", "inproc",
            "nowhere" })
            await GetAsync(path);
        await _frontEnd.Control.RestartAsync(null);
        await GetAsync("app/status/200");

        var status = await CountedAsync(8);
        var app = status.Daemons.Single(daemon => daemon.Daemon == "app").Traffic;
        Assert.Equal((5, 3, 0, 1, 1, 0), (app.Requests, app.Success, app.Redirection, app.ClientError, app.ServerError, app.ClientLeft));
        Assert.True(app is { Bytes: > 1000, Duration.Ticks: > 0, EndFlushes: 5 }, $"{app}");
        var route = status.Routes.Single(route => route.Route == "/app").Traffic;
        Assert.Equal(app.Writing.Undivided, route.Writing.Undivided);
        var nothingNow = app with { Writing = route.Writing, ActiveRequests = null, WaitingRequests = null, Restarts = null, RestartsByReason = null };
        Assert.Equal(nothingNow with { Scope = nameof(StatisticsScope.Route), Target = "/app" }, route);
        Assert.Equal((1, 1),
            status.Routes.Single(route => route.Route == "/inproc").Traffic is var inproc
            ? (inproc.Requests, inproc.ServerError) : default);
        var all = status.Traffic;
        Assert.Equal((8, 3, 1, 2, 2, 0), (all.Requests, all.Success, all.Redirection, all.ClientError, all.ServerError, all.ClientLeft));
        Assert.Equal(1, app.RestartsByReason!["Operator"]);
        Assert.Equal(("site", "site", "site"), (app.Name, all.Name, inproc.Name));
    }

    [Fact]
    public async Task Counts_of_a_route_that_a_reload_removes_go_with_it_and_begin_at_0_when_it_returns()
    {
        var file = _frontEnd.Status.ConfigurationFile!;
        var yaml = await File.ReadAllTextAsync(file);
        await GetAsync("app/status/200");
        await GetAsync("other/status/200");
        await CountedAsync(2);
        Assert.Contains("http_route=\"/other\"", await MetricsAsync());

        await File.WriteAllTextAsync(file, yaml.Replace("  - { path: /other, daemon: other, strip-prefix: true }\n", ""));
        await _frontEnd.Control.RestartAsync(null);

        Assert.DoesNotContain("http_route=\"/other\"", await MetricsAsync());
        await File.WriteAllTextAsync(file, yaml);
        await _frontEnd.Control.RestartAsync(null);
        var status = await _frontEnd.Control.GetStatusAsync();
        Assert.Equal((0, 1), (Requests("/other"), Requests("/app")));
        Assert.Equal((2, 1), (status.Traffic.Requests, status.Daemons.Single(daemon => daemon.Daemon == "other").Traffic.Requests));
        long Requests(string route) => status.Routes.Single(one => one.Route == route).Traffic.Requests;
    }

    private async Task<string> MetricsAsync()
    {
        using var client = new HttpClient { Timeout = RunningFrontEnd.Limit };
        return await client.GetStringAsync(new Uri(_frontEnd.Status.MetricsUri!, "/metrics"));
    }

    [Fact]
    public async Task Access_log_has_a_line_for_each_request_in_the_combined_format()
    {
        using (var request = new HttpRequestMessage(HttpMethod.Get, "app/bytes?n=20"))
        {
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("test", "1"));
            request.Headers.Referrer = new Uri("http://from.example/");
            await _frontEnd.Client.SendAsync(request);
        }
        await LogAsync(1);
        await _frontEnd.RawAsync("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: a\"b\\c\x1b[31m\u00e9\r\n\r\n");
        var lines = await LogAsync(2);
        Assert.Matches("""^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /app/bytes\?n=20 HTTP/1\.1" 200 20 "http://from\.example/" "test/1" app \d+\.\d{6} \d+\.\d{6}$""", lines[0]);
        Assert.EndsWith("""HTTP/1.1" 400 27 "-" "a\"b\\c\x1b[31m\xe9" - 0.000000""", lines[1][..^9]);
    }

    [Fact]
    public async Task Client_that_left_has_the_applications_status_or_499()
    {
        // One leaves in the middle of a response, one before there was any.
        foreach (var path in new[] { "app/drip?count=1000&chunk=20&every-ms=10", "mute" })
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            if (path.StartsWith("app", StringComparison.Ordinal)) await socket.ReceiveAsync(new byte[100]);
            else await UntilActiveAsync();
            socket.Close();
            await RunningFrontEnd.UntilAsync(
                () => _frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().ActiveRequests == 0, "the request's end");
            await LogAsync(path == "mute" ? 2 : 1);
        }
        var statuses = (await LogAsync(2)).Select(line => Regex.Match(line, "HTTP/1.1\" (\\d+) ").Groups[1].Value);
        Assert.Equal(["200", "499"], statuses);
        Assert.DoesNotContain(_frontEnd.Events(), code => code.StartsWith("WSGI", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prometheus_gets_what_was_counted()
    {
        await GetAsync("app/status/200");
        using (var odd = new HttpRequestMessage(new HttpMethod("BREW"), "app/status/200")) await _frontEnd.Client.SendAsync(odd);
        await CountedAsync(2);
        var page = await _frontEnd.Client.GetStringAsync(new Uri((await _frontEnd.Control.GetStatusAsync()).MetricsUri!, "metrics"));
        Assert.Contains("""http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/app",daemonproxy_daemon="app"} 1""", page);
        Assert.Contains("""http_request_method="_OTHER",http_response_status_code="200",http_route="/app",daemonproxy_daemon="app"} 1""", page);
        Assert.Contains("""daemonproxy_flushes_total{http_route="/app",daemonproxy_reason="End"} 2""", page);
        Assert.Contains("""daemonproxy_daemon_restarts_total{daemonproxy_daemon="app",daemonproxy_reason="Crash"} 0""", page);
        Assert.DoesNotContain("BREW", page);

        await GetAsync("app/drip?count=5&chunk=100&every-ms=20");
        await CountedAsync(3);
        for (var scrape = 0; scrape < 2; scrape++)
            page = await _frontEnd.Client.GetStringAsync(new Uri((await _frontEnd.Control.GetStatusAsync()).MetricsUri!, "metrics"));
        Assert.Contains("""daemonproxy_dry_spell_seconds_bucket{http_route="/app",daemonproxy_kind="Pause",le="+Inf"} 4""", page);
        Assert.Contains("""daemonproxy_dry_spell_seconds_bucket{http_route="/app",daemonproxy_kind="Pause",le="0.0032"} 0""", page);
        Assert.Contains("""daemonproxy_held_output_seconds_bucket{http_route="/app",le="0.0008"} 0""", page);
    }

    private async Task GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { BaseAddress = _frontEnd.Uri };
        (await client.SendAsync(request)).Dispose();
    }

    /// <summary>The status when so many requests are counted: each is a moment after the client has its answer.</summary>
    private async Task<InstanceStatus> CountedAsync(int requests)
    {
        await RunningFrontEnd.UntilAsync(
            () => _frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().Traffic.Requests == requests, $"{requests} counted requests");
        return await _frontEnd.Control.GetStatusAsync();
    }

    private Task UntilActiveAsync() =>
        RunningFrontEnd.UntilAsync(
            () => _frontEnd.Control.GetStatusAsync().GetAwaiter()
            .GetResult().Daemons.Single(daemon => daemon.Daemon == "mute").ActiveRequests == 1, "the request at its daemon");

    /// <summary>
    /// The access log once it holds so many whole lines. A line is written after the client has its answer, so that a test which means
    /// the order of two requests waits for the first one's line.
    /// </summary>
    private async Task<string[]> LogAsync(int count)
    {
        string[] Lines()
        {
            using var log = new StreamReader(
                new FileStream(Path.Combine(_folder, "access.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite), Encoding.Latin1);
            var text = log.ReadToEnd();
            return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        await RunningFrontEnd.UntilAsync(() => Lines().Length >= count, $"{count} lines");
        return Lines();
    }
}
