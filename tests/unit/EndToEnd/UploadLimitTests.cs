using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Embedded;
using DaemonProxy.Pacing;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Uploads under rate limits, through real front ends to real daemons: each byte arrives, no earlier than its limit allows, and nothing
/// that is there to end stuck requests ends them.
/// </summary>
[Trait("Host", "native")]
public sealed class UploadLimitTests(UploadLimitTests.Site site) : IClassFixture<UploadLimitTests.Site>
{
    private const string Application = """
        import hashlib, json
        def application(environ, start_response):
            body = environ['wsgi.input']
            digest, length = hashlib.sha256(), 0
            while block := body.read(8192):
                digest.update(block)
                length += len(block)
            start_response('200 OK', [('Content-Type', 'application/json')])
            return [json.dumps({'length': length, 'sha256': digest.hexdigest()}).encode()]
        """;

    private readonly RunningFrontEnd _frontEnd = site.FrontEnd;

    private HttpClient Client(Version version) => TlsTests.Client(_frontEnd.Status.Uris[version.Major == 2 ? 1 : 0], version);

    /// <summary>At 100 KiB/s, 300 KiB take three times as long as each of the timeouts that are set below.</summary>
    [Fact]
    public async Task Upload_arrives_whole_at_its_rate_and_outlives_the_timeouts()
    {
        string[] paths = site.HasPython ? ["/plain/sink", "/spooled/sink", "/wsgi", "/embedded"] : ["/plain/sink", "/spooled/sink"];
        Version[] versions = [HttpVersion.Version11, HttpVersion.Version20];
        var cases = (from path in paths from hasLength in new[] { true, false } from version in versions select (path, hasLength, version))
            .ToArray();
        await Task.WhenAll(cases.Select(async of =>
        {
            using var client = Client(of.version);
            var seconds = await SendAsync(client, of.path, 300 << 10, of.hasLength, TestContext.Current.CancellationToken);
            // The first write leaves at once; a busy machine makes it longer.
            Assert.True(seconds is > 2.9 and < 20, $"{of}: {seconds} s");
        }));
    }

    [Fact]
    public async Task Eight_uploads_share_a_limit_equally_over_both_versions()
    {
        using var first = Client(HttpVersion.Version11);
        using var second = Client(HttpVersion.Version20);
        var times = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            i => SendAsync(i % 2 == 0 ? first : second, "/all/sink", 150 << 10, true, TestContext.Current.CancellationToken)));
        Assert.InRange(times.Max(), 2.9, 20);
        // Who has a smaller share ends later; with equal shares all end together.
        Assert.InRange(times.Min() / times.Max(), 0.9, 1);
    }

    [Fact]
    public async Task Daemon_that_answers_first_and_then_reads_may_be_silent_as_long_as_the_upload_takes()
    {
        Assert.SkipUnless(site.HasPython, "there is no Python");
        await File.WriteAllTextAsync(Path.Combine(_frontEnd.Folder, "early.py"), """
            import socket, sys
            server = socket.socket(socket.AF_UNIX)
            server.bind(sys.argv[1])
            server.listen()
            while True:
                client, _ = server.accept()
                head = b''
                while b'\r\n\r\n' not in head:
                    part = client.recv(65536)
                    if not part:
                        break
                    head += part
                if not head:
                    continue
                left = 250 * 1024 - (len(head) - head.index(b'\r\n\r\n') - 4)
                client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n')
                while left > 0:
                    left -= len(client.recv(65536))
                client.sendall(b'done')
                client.close()
            """, TestContext.Current.CancellationToken);
        await using var other = await RunningFrontEnd.StartAsync($$"""
            name: early
            daemons: [ { name: app, command: [ python3, {{Path.Combine(_frontEnd.Folder, "early.py")}}, "{socket}" ], socket-timeout: 1s } ]
            routes: [ { path: /, daemon: app, upload-rate-limit: 100KiB/s } ]
            """);
        using var response = await other.Client.PostAsync(
            "/", new ByteArrayContent(new byte[250 << 10]), TestContext.Current.CancellationToken);
        Assert.Equal("done", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Change_reaches_an_upload_in_flight_also_where_no_limit_is_configured()
    {
        var changed = await _frontEnd.Control.SetRateLimitAsync(
            new RateLimitChange { Route = "/live", Direction = RateDirection.Upload, RateLimit = 1 });
        Assert.Equal((1L, nameof(RateDirection.Upload), 0L),
            (Assert.Single(changed.UploadRateLimits).Rate, changed.UploadRateLimits[0].Direction, changed.RateLimits[0].Rate));
        using var client = Client(HttpVersion.Version11);
        var upload = SendAsync(client, "/live/sink", 3_000_000, true, TestContext.Current.CancellationToken);
        await RunningFrontEnd.UntilAsync(() => Uploads("/live") == 1, "the upload");
        Assert.False(upload.IsCompleted);
        await _frontEnd.Control.SetRateLimitAsync(
            new RateLimitChange { Route = "/live", Direction = RateDirection.Upload, RateLimit = 0 });
        await upload.WaitAsync(RunningFrontEnd.Limit, TestContext.Current.CancellationToken);
        Assert.Equal(0, Uploads("/live"));
    }

    private int Uploads(string route) => _frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult()
        .Routes.Single(status => status.Route == route).UploadRateLimits[0].Responses;

    [Fact]
    public async Task Limit_of_uploads_holds_for_what_meets_its_conditions_and_not_for_responses()
    {
        using var client = Client(HttpVersion.Version11);
        // At a byte a second what is limited takes longer than anybody waits; what is not, is there however busy the machine is.
        async Task<bool> IsSlowAsync(HttpMethod method, string type, int size, TimeSpan patience, string path = "/some/sink")
        {
            using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(new byte[size]) };
            request.Content.Headers.ContentType = new(type);
            using var stop = new CancellationTokenSource();
            var own = client.SendAsync(request, stop.Token);
            var isSlow = await Task.WhenAny(own, Task.Delay(patience, TestContext.Current.CancellationToken)) != own;
            await stop.CancelAsync();
            await own.ContinueWith(_ => { }, TaskScheduler.Default);
            return isSlow;
        }
        // The answer of the sink is small enough to leave at once.
        Assert.True(await IsSlowAsync(HttpMethod.Put, "video/mp4", 1000, TimeSpan.FromSeconds(1.5)));
        Assert.False(await IsSlowAsync(HttpMethod.Put, "video/mp4", 999, RunningFrontEnd.Limit));
        Assert.False(await IsSlowAsync(HttpMethod.Post, "video/mp4", 1000, RunningFrontEnd.Limit));
        Assert.False(await IsSlowAsync(HttpMethod.Put, "text/plain", 1000, RunningFrontEnd.Limit));
    }

    [Fact]
    public async Task Interval_pacer_is_refused_for_uploads_while_serving()
    {
        var refused = await Assert.ThrowsAsync<ControlException>(() => _frontEnd.Control.SetRateLimitAsync(
            new RateLimitChange { Route = "/plain", Direction = RateDirection.Upload, Pacer = PacerKind.Interval }));
        Assert.Contains("the interval pacer is what Apache does to responses and cannot pace uploads; leave the limit with token-bucket",
            refused.Message);
    }

    /// <summary>
    /// Over HTTP/1.1 a client that leaves is only noticed when what it had sent has been read, so that one sends less than the server
    /// buffers.
    /// </summary>
    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(2, 3_000_000)]
    public async Task Client_that_leaves_in_the_middle_of_its_wait_leaves_nothing_behind(int version, int sent)
    {
        var route = $"/left{version}";
        await _frontEnd.Control.SetRateLimitAsync(
            new RateLimitChange { Route = route, Direction = RateDirection.Upload, RateLimit = 1 });
        using var client = Client(new Version(version, version == 1 ? 1 : 0));
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, route + "/sink") { Content = new HalfContent(sent, gone.Token) };
        (request.Version, request.VersionPolicy) = (client.DefaultRequestVersion, HttpVersionPolicy.RequestVersionExact);
        var upload = client.SendAsync(request, gone.Token);
        await RunningFrontEnd.UntilAsync(() => Uploads(route) == 1, "the upload");
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => upload);
        await RunningFrontEnd.UntilAsync(() => Uploads(route) == 0, "the end of the upload");
        Assert.DoesNotContain(_frontEnd.LogLines(), line => line.Contains("DPXY0011", StringComparison.Ordinal));
    }

    /// <summary>Sends a body and checks what arrived; gives the seconds that it took.</summary>
    private static async Task<double> SendAsync(HttpClient client, string path, int size, bool hasLength, CancellationToken stop)
    {
        var body = new byte[size];
        new Random(size).NextBytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        (request.Version, request.VersionPolicy) = (client.DefaultRequestVersion, HttpVersionPolicy.RequestVersionExact);
        request.Content = new StreamContent(new MemoryStream(body));
        if (!hasLength) request.Headers.TransferEncodingChunked = client.DefaultRequestVersion.Major == 1;
        if (!hasLength && client.DefaultRequestVersion.Major == 2) request.Content = new LengthlessContent(body);
        request.Headers.ExpectContinue = path.StartsWith("/plain", StringComparison.Ordinal) && client.DefaultRequestVersion.Major == 1;
        var start = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, stop);
        var text = await response.Content.ReadAsStringAsync(stop);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {text}");
        var arrived = JsonDocument.Parse(text).RootElement;
        Assert.Equal(size, arrived.GetProperty("length").GetInt32());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(body)), arrived.GetProperty("sha256").GetString());
        return seconds;
    }

    /// <summary>A body of which some is sent and the rest never.</summary>
    private sealed class HalfContent(int sent, CancellationToken gone) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[sent], gone);
            await stream.FlushAsync(gone);
            await Task.Delay(Timeout.Infinite, gone);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = sent + 1;
            return true;
        }
    }

    private sealed class LengthlessContent(byte[] body) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(body).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>One front end for all of these tests; those that change a limit have a route of their own.</summary>
    public sealed class Site : IAsyncLifetime
    {
        internal RunningFrontEnd FrontEnd { get; private set; } = null!;

        public bool HasPython { get; private set; }

        public async ValueTask InitializeAsync()
        {
            var folder = TlsTests.Files();
            try { HasPython = PythonFinder.Find(null) is not null; }
            catch (PythonException) { HasPython = false; }
            await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
            FrontEnd = await RunningFrontEnd.StartAsync($$"""
                name: site
                listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
                tls: { certificate: site.pem, key: site.key }
                client-body-timeout: 1s
                rate-limits:
                  - { rate-limit: 400KiB/s, direction: upload, rate-scope: total, paths: [ /all ] }
                daemons:
                  - { name: plain, sample: true, socket-timeout: 1s, response-header-timeout: 1s }
                  - { name: spooled, sample: true, socket-timeout: 1s, request-spool: 1MiB }
                {{(HasPython ? "  - { name: wsgi, application: app.wsgi, socket-timeout: 1s }" : "")}}
                routes:
                  - { path: /plain, daemon: plain, strip-prefix: true, upload-rate-limit: 100KiB/s }
                  - { path: /spooled, daemon: spooled, strip-prefix: true, upload-rate-limit: 100KiB/s }
                {{(HasPython ? "  - { path: /wsgi, daemon: wsgi, upload-rate-limit: 100KiB/s }" : "")}}
                {{(HasPython ? "  - { path: /embedded, application: app.wsgi, upload-rate-limit: 100KiB/s }" : "")}}
                  - { path: /all, daemon: plain, strip-prefix: true }
                  - { path: /live, daemon: plain, strip-prefix: true }
                  - { path: /left1, daemon: plain, strip-prefix: true }
                  - { path: /left2, daemon: plain, strip-prefix: true }
                  - path: /some
                    daemon: plain
                    strip-prefix: true
                    rate-limits:
                      - { rate-limit: 1B/s, direction: upload, methods: PUT, content-types: video/*, minimum-size: 1000 }
                      - { rate-limit: 1B/s }
                """, folder);
        }

        public async ValueTask DisposeAsync()
        {
            if (FrontEnd is not null) await FrontEnd.DisposeAsync();
        }
    }
}
