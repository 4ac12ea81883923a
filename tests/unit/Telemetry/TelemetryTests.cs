using System.Diagnostics;
using System.Net;
using System.Text;
using DaemonProxy.Tests.EndToEnd;
using DaemonProxy.Tests.Telemetry.Otlp;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace DaemonProxy.Tests.Telemetry;

/// <summary>What a collector and the applications see of the requests, with a front end in a process of its own.</summary>
[Trait("Host", "native")]
public sealed class TelemetryTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";
    private const string Traceparent = $"00-{Trace}-{Parent}-01";

    private static string Yaml(TracedDaemon daemon, string? telemetry) => $$"""
        name: site
        listen: [ "http://127.0.0.1:0" ]
        access-log: access.log
        access-log-format: json
        {{(telemetry is null ? "" : $"opentelemetry: {telemetry}")}}
        daemons:
          - { name: app, address: "{{daemon.Address}}" }
          - { name: gone, address: "unix:gone.sock", connect-timeout: 100ms }
        routes:
          - { path: /a, daemon: app }
          - { path: /gone, daemon: gone }
        """;

    private static async Task<HttpStatusCode> GetAsync(
        RunningFrontEnd frontEnd, string path, string[]? parents = null, string[]? states = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        // The client of the test must not add a trace of its own.
        request.Headers.TryAddWithoutValidation("traceparent", parents ?? []);
        request.Headers.TryAddWithoutValidation("tracestate", states ?? []);
        request.Headers.TryAddWithoutValidation("User-Agent", "tester/1.0");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer credential");
        request.Headers.TryAddWithoutValidation("Cookie", "session=cookie-secret");
        using var response = await frontEnd.Client.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        return response.StatusCode;
    }

    private static Task StopAsync(RunningFrontEnd frontEnd) =>
        Task.WhenAll(frontEnd.Control.StopAsync(TimeSpan.FromSeconds(5)), frontEnd.EndedAsync());

    [Theory]
    [InlineData("http/protobuf", HttpProtocols.Http1)]
    [InlineData("grpc", HttpProtocols.Http2)]
    public async Task Load_arrives_as_spans_and_metrics(string protocol, HttpProtocols protocols)
    {
        await using var collector = await OtlpCollector.StartAsync(protocols);
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, $"{{ endpoint: \"{collector.Address}\", protocol: {protocol}, service-name: shop }}"));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async worker =>
        {
            for (var number = 0; number < 25; number++) await GetAsync(frontEnd, $"/a/{worker}/n{number}");
        }));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await GetAsync(frontEnd, "/a/503"));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(frontEnd, "/nowhere"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await GetAsync(frontEnd, "/gone"));
        await GetAsync(frontEnd, "/a/slow?wait=60", [Traceparent], ["rojo=1"]);
        await StopAsync(frontEnd);

        var spans = collector.Spans;
        Assert.Equal(504, spans.Count);
        Assert.Equal(504, spans.Select(span => span.SpanId.Hex()).Distinct().Count());
        Assert.All(collector.Resources, resource => Assert.Equal("shop", resource.Attributes.Attribute("service.name")));
        Assert.Equal("site", collector.Resources.First().Attributes.Attribute("service.instance.id"));
        AssertLoad(spans, frontEnd.Uri.Port);
        AssertFailures(spans);
        AssertTimes(spans.Single(span => span.TraceId.Hex() == Trace));
        AssertMetrics(collector);
    }

    private static void AssertLoad(IReadOnlyCollection<Span> spans, int port)
    {
        var load = spans.Where(span => span.Attributes.Attribute("url.path")!.Count(character => character == '/') == 3).ToList();
        Assert.Equal(500, load.Count);
        Assert.Equal(500, load.Select(span => span.TraceId.Hex()).Distinct().Count());
        Assert.All(load, span =>
        {
            Assert.Equal("GET /a", span.Name);
            Assert.Equal(Span.Types.Kind.Server, span.Kind);
            Assert.True(span.ParentSpanId.IsEmpty);
            Assert.Equal(Status.Types.Code.Unset, span.Status?.Code ?? Status.Types.Code.Unset);
            Assert.Equal("GET", span.Attributes.Attribute("http.request.method"));
            Assert.Equal("200", span.Attributes.Attribute("http.response.status_code"));
            Assert.Equal("/a", span.Attributes.Attribute("http.route"));
            Assert.Equal("app", span.Attributes.Attribute("daemonproxy.daemon"));
            Assert.Equal("http", span.Attributes.Attribute("url.scheme"));
            Assert.Equal("127.0.0.1", span.Attributes.Attribute("server.address"));
            Assert.Equal($"{port}", span.Attributes.Attribute("server.port"));
            Assert.Equal("127.0.0.1", span.Attributes.Attribute("client.address"));
            Assert.Equal("1.1", span.Attributes.Attribute("network.protocol.version"));
            Assert.Equal("tester/1.0", span.Attributes.Attribute("user_agent.original"));
            Assert.Null(span.Attributes.Attribute("error.type"));
        });
    }

    private static void AssertFailures(IReadOnlyCollection<Span> spans)
    {
        var failed = spans.Single(span => span.Attributes.Attribute("url.path") == "/a/503");
        Assert.Equal(("503", "503", Status.Types.Code.Error),
            (failed.Attributes.Attribute("http.response.status_code"), failed.Attributes.Attribute("error.type"), failed.Status.Code));
        var gone = spans.Single(span => span.Attributes.Attribute("url.path") == "/gone");
        Assert.Equal(("503", "WSGI0116", Status.Types.Code.Error),
            (gone.Attributes.Attribute("http.response.status_code"), gone.Attributes.Attribute("error.type"), gone.Status.Code));
        Assert.Null(gone.Attributes.Attribute("daemonproxy.daemon.time"));
        // What a client asked wrongly is no error of the server.
        var unknown = spans.Single(span => span.Attributes.Attribute("url.path") == "/nowhere");
        Assert.Equal(("GET", "404", null, null),
            (unknown.Name, unknown.Attributes.Attribute("http.response.status_code"), unknown.Attributes.Attribute("error.type"),
            unknown.Attributes.Attribute("http.route")));
        Assert.Equal(Status.Types.Code.Unset, unknown.Status?.Code ?? Status.Types.Code.Unset);
    }

    private static void AssertTimes(Span span)
    {
        Assert.Equal(Parent, span.ParentSpanId.Hex());
        Assert.Equal("rojo=1", span.TraceState);
        var duration = (span.EndTimeUnixNano - span.StartTimeUnixNano) / 1e9;
        double Time(string name) => double.Parse(span.Attributes.Attribute(name)!);
        Assert.InRange(Time("daemonproxy.daemon.time"), 0.055, duration);
        Assert.InRange(Time("daemonproxy.queue.time"), 0, duration - 0.055);
        Assert.InRange(Time("daemonproxy.relay.time"), 0, duration - 0.055);
        Assert.Equal(
            duration, Time("daemonproxy.queue.time") + Time("daemonproxy.daemon.time") + Time("daemonproxy.relay.time"), tolerance: 1e-6);
    }

    private static void AssertMetrics(OtlpCollector collector)
    {
        var duration = collector.Metric("http.server.request.duration")!;
        Assert.Equal("s", duration.Unit);
        var served = duration.Histogram.DataPoints.Single(point =>
            point.Attributes.Attribute("http.route") == "/a" && point.Attributes.Attribute("http.response.status_code") == "200");
        Assert.Equal(501ul, served.Count);
        Assert.Equal(0.005, served.ExplicitBounds[0]);
        Assert.Equal("app", served.Attributes.Attribute("daemonproxy.daemon"));
        var size = collector.Metric("daemonproxy.response.size")!;
        Assert.Equal(6 * 502,
            size.Sum.DataPoints.Single(point => point.Attributes.Attribute("http.route") == "/a").AsInt);
        Assert.Single(collector.Metric("dotnet.monitor.lock_contentions")!.Sum.DataPoints);
    }

    [Fact]
    public async Task No_secret_of_a_request_is_sent()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml(daemon, $"{{ endpoint: \"{collector.Address}\" }}"));

        await GetAsync(frontEnd, "/a?token=first-secret&second-secret&x=&=third-secret&sig=a=fourth-secret");
        await GetAsync(frontEnd, "/gone?token=fifth-secret");
        await StopAsync(frontEnd);

        Assert.Equal("token=REDACTED&REDACTED&x=REDACTED&REDACTED&sig=REDACTED",
            collector.Spans.Single(span => span.Attributes.Attribute("url.path") == "/a").Attributes.Attribute("url.query"));
        Assert.Equal(2, collector.Spans.Count);
        Assert.NotNull(collector.Metric("http.server.request.duration"));
        Assert.All(collector.Bodies, body =>
        {
            Assert.DoesNotContain("secret", Encoding.Latin1.GetString(body));
            Assert.DoesNotContain("credential", Encoding.Latin1.GetString(body));
        });
    }

    [Fact]
    public async Task Application_gets_the_span_as_its_parent()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml(daemon, $"{{ endpoint: \"{collector.Address}\" }}"));

        await GetAsync(frontEnd, "/a/known", [Traceparent], ["rojo=1", "congo=2"]);
        await GetAsync(frontEnd, "/a/new");
        await GetAsync(frontEnd, "/a/malformed", ["00-nonsense"], ["rojo=1"]);
        await GetAsync(frontEnd, "/a/twice", [Traceparent, Traceparent]);
        await GetAsync(frontEnd, "/a/unsampled", [$"00-{Trace}-{Parent}-00"]);
        var accessLog = Path.Combine(frontEnd.Folder, "access.log");
        await RunningFrontEnd.UntilAsync(() => File.ReadLines(accessLog).Count() == 5, "the lines of the access log");
        var log = await File.ReadAllTextAsync(accessLog);
        await StopAsync(frontEnd);

        Span SpanOf(string path) => collector.Spans.Single(span => span.Attributes.Attribute("url.path") == path);
        SeenRequest Seen(string path) => daemon.Seen.Single(request => request.Path == path);
        var known = SpanOf("/a/known");
        Assert.Equal((Trace, Parent), (known.TraceId.Hex(), known.ParentSpanId.Hex()));
        Assert.Equal([$"00-{Trace}-{known.SpanId.Hex()}-01"], Seen("/a/known").Parents);
        Assert.Equal(["rojo=1, congo=2"], Seen("/a/known").States);
        Assert.Contains($"\"trace_id\":\"{Trace}\",\"span_id\":\"{known.SpanId.Hex()}\"", log);
        foreach (var path in new[] { "/a/new", "/a/malformed", "/a/twice" })
        {
            var span = SpanOf(path);
            Assert.True(span.ParentSpanId.IsEmpty);
            Assert.NotEqual(Trace, span.TraceId.Hex());
            Assert.Equal([$"00-{span.TraceId.Hex()}-{span.SpanId.Hex()}-01"], Seen(path).Parents);
            Assert.Empty(Seen(path).States);
        }
        // The client does not want this trace recorded; the application learns that, and of a parent that is not the client's own.
        Assert.Equal(4, collector.Spans.Count);
        var unsampled = Assert.Single(Seen("/a/unsampled").Parents);
        Assert.StartsWith($"00-{Trace}-", unsampled);
        Assert.EndsWith("-00", unsampled);
        Assert.DoesNotContain(Parent, unsampled);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("traces: off")]
    public async Task Without_tracing_the_clients_headers_pass_unchanged(string? telemetry)
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, telemetry is null ? null : $"{{ {telemetry} }}"),
            environment: new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address });

        await GetAsync(frontEnd, "/a/valid", [Traceparent], ["rojo=1"]);
        await GetAsync(frontEnd, "/a/other", ["nonsense"], ["also nonsense"]);
        await GetAsync(frontEnd, "/a/none");
        await StopAsync(frontEnd);

        Assert.Equal([(Traceparent, "rojo=1"), ("nonsense", "also nonsense"), ("", "")],
            daemon.Seen.Select(request => (string.Join('|', request.Parents), string.Join('|', request.States))));
        Assert.Empty(collector.Spans);
        // Without the section, the environment alone sends nothing.
        Assert.Equal(telemetry is not null, collector.Metric("http.server.request.duration") is not null);
    }

    [Fact]
    public async Task Share_of_the_requests_becomes_spans()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, $"{{ endpoint: \"{collector.Address}\", traces: 0.5, metrics: off }}"));

        for (var number = 0; number < 200; number++) await GetAsync(frontEnd, "/a");
        await StopAsync(frontEnd);

        // Six standard deviations of two hundred fair coins.
        Assert.InRange(collector.Spans.Count, 58, 142);
        Assert.Equal(collector.Spans.Select(span => span.SpanId.Hex()).Order(),
            daemon.Seen.Select(request => request.Parents.Single().Split('-')).Where(parts => parts[3] == "01").Select(parts => parts[2]).Order());
        Assert.Null(collector.Metric("http.server.request.duration"));
    }

    [Fact]
    public async Task Environment_holds_where_the_section_says_nothing()
    {
        await using var collector = await OtlpCollector.StartAsync(HttpProtocols.Http2);
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml(daemon, "{ traces: on }"),
            environment: new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=of the environment",
                ["OTEL_SERVICE_NAME"] = "named outside",
            });

        await GetAsync(frontEnd, "/a");
        await StopAsync(frontEnd);

        Assert.Equal("GET /a", Assert.Single(collector.Spans).Name);
        Assert.All(collector.Resources, resource => Assert.Equal("named outside", resource.Attributes.Attribute("service.name")));
        Assert.All(collector.Requests, request => Assert.EndsWith(" of the environment", request));
    }

    [Fact]
    public async Task Environment_that_cannot_be_used_refuses_the_start_in_a_sentence()
    {
        await using var daemon = await TracedDaemon.StartAsync();
        var folder = RunningFrontEnd.NewFolder();
        var refusal = await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => RunningFrontEnd.StartAsync(
            Yaml(daemon, "{ traces: on }"), folder,
            environment: new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_HEADERS"] = "nonsense" }));
        Directory.Delete(folder, recursive: true);
        Assert.Contains("opentelemetry cannot be set up (Headers provided in an invalid format); correct the environment variables whose names "
            + "begin with OTEL_", refusal.Message);
    }

    [Fact]
    public async Task Headers_come_from_their_file()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "headers"), "# for the collector\n\nx-key: a,b = 100%20 c\n");
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, $"{{ endpoint: \"{collector.Address}/\", headers-file: headers }}"), folder);

        await GetAsync(frontEnd, "/a");
        await StopAsync(frontEnd);

        Assert.Equal(["/v1/metrics a,b = 100%20 c", "/v1/traces a,b = 100%20 c"], collector.Requests.Order());
    }

    [Fact]
    public async Task Headers_file_with_a_line_that_is_none_refuses_the_start()
    {
        await using var daemon = await TracedDaemon.StartAsync();
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "headers"), "a: b\nhush hush\n");
        var sentence = await RunningFrontEnd.FailAsync(Yaml(daemon, "{ headers-file: headers }"), folder);
        Directory.Delete(folder, recursive: true);
        Assert.Equal($"line 2 of the headers-file {Path.Combine(folder, "headers")} is no header; write for example 'api-key: 123', or put a # "
            + "before it", sentence);
    }

    [Fact]
    public async Task Collector_that_refuses_is_one_event()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var daemon = await TracedDaemon.StartAsync();
        collector.Status = 403;
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, $"{{ endpoint: \"{collector.Address}\", metrics-interval: 50ms, traces: off }}"));

        await RunningFrontEnd.UntilAsync(() => collector.Requests.Count >= 4, "attempts");
        await frontEnd.EventAsync("DPXY0081");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(frontEnd, "/a"));
        Assert.EndsWith($"metrics to {collector.Address}/v1/metrics: it answers status 403\"}}",
            Assert.Single(frontEnd.LogLines(), line => line.Contains("DPXY0081")));

        // Once it has taken something, a new failure is news.
        collector.Status = 200;
        await RunningFrontEnd.UntilAsync(() => collector.Metric("daemonproxy.response.size") is not null, "metrics");
        collector.Status = 503;
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.LogLines().Count(line => line.Contains("DPXY0081")) == 2, "the second event");
    }

    [Fact]
    public async Task Collector_that_hangs_holds_up_neither_requests_nor_the_end()
    {
        var held = new TaskCompletionSource();
        await using var collector = await OtlpCollector.StartAsync();
        collector.Held = held.Task;
        await using var daemon = await TracedDaemon.StartAsync();
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml(daemon, $"{{ endpoint: \"{collector.Address}\", metrics-interval: 50ms }}"));
        await RunningFrontEnd.UntilAsync(() => collector.Requests.Count > 0, "an attempt");

        Assert.Equal(HttpStatusCode.OK, await GetAsync(frontEnd, "/a"));
        var start = Stopwatch.GetTimestamp();
        await StopAsync(frontEnd);
        // The exporter itself would wait for ten seconds.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        held.SetResult();
    }
}
