using System.Buffers.Binary;
using System.Collections.Concurrent;
using DaemonProxy.Tests.Telemetry.Otlp;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace DaemonProxy.Tests.Telemetry;

/// <summary>A collector of OpenTelemetry's protocol, over HTTP or gRPC, which keeps everything that it is sent.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<Span> _spans = [];
    private readonly ConcurrentQueue<ResourceMetrics> _metrics = [];
    private readonly ConcurrentQueue<Resource> _resources = [];
    private readonly ConcurrentQueue<string> _requests = [];
    private readonly ConcurrentQueue<byte[]> _bodies = [];

    private OtlpCollector(WebApplication server) => _server = server;

    public string Address => _server.Urls.Single();

    /// <summary>The status it answers with.</summary>
    public int Status { get; set; } = 200;

    /// <summary>When set, it answers nothing until that completes.</summary>
    public Task? Held { get; set; }

    public IReadOnlyCollection<Span> Spans => _spans;

    public IReadOnlyCollection<Resource> Resources => _resources;

    /// <summary>The last metric of a name; null: there was none.</summary>
    public Metric? Metric(string name) => _metrics.SelectMany(resource => resource.ScopeMetrics).SelectMany(scope => scope.Metrics)
        .LastOrDefault(metric => metric.Name == name);

    /// <summary>The path of each request and its header x-key.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>Everything that was sent, as it was on the wire.</summary>
    public IReadOnlyCollection<byte[]> Bodies => _bodies;

    public static async Task<OtlpCollector> StartAsync(HttpProtocols protocols = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var collector = new OtlpCollector(builder.Build());
        collector._server.Run(collector.TakeAsync);
        await collector._server.StartAsync();
        return collector;
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        var body = copy.ToArray();
        _requests.Enqueue($"{context.Request.Path} {context.Request.Headers["x-key"]}");
        _bodies.Enqueue(body);
        if (Held is { } held) await held.WaitAsync(context.RequestAborted);
        context.Response.StatusCode = Status;
        if (Status != 200) return;
        var isGrpc = context.Request.ContentType == "application/grpc";
        // gRPC: a byte for compression and the length in four, before each message.
        if (isGrpc)
        {
            Assert.Equal(body.Length - 5, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)));
            body = body[5..];
        }
        if (context.Request.Path.Value is "/v1/traces" or "/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            Add(ExportTraceServiceRequest.Parser.ParseFrom(body));
        else if (context.Request.Path.Value is "/v1/metrics" or "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
            Add(ExportMetricsServiceRequest.Parser.ParseFrom(body));
        else context.Response.StatusCode = 404;
        if (!isGrpc) return;
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers["grpc-status"] = "0";
    }

    private void Add(ExportTraceServiceRequest request)
    {
        foreach (var resource in request.ResourceSpans)
        {
            _resources.Enqueue(resource.Resource);
            foreach (var span in resource.ScopeSpans.SelectMany(scope => scope.Spans)) _spans.Enqueue(span);
        }
    }

    private void Add(ExportMetricsServiceRequest request)
    {
        foreach (var resource in request.ResourceMetrics) _metrics.Enqueue(resource);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();
}

internal static class OtlpText
{
    public static string Hex(this ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    /// <summary>An attribute's value as text; null: there is none.</summary>
    public static string? Attribute(this IEnumerable<KeyValue> attributes, string key) =>
        attributes.SingleOrDefault(attribute => attribute.Key == key)?.Value is not { } value ? null
            : value.ValueCase switch
            {
                AnyValue.ValueOneofCase.StringValue => value.StringValue,
                AnyValue.ValueOneofCase.IntValue => $"{value.IntValue}",
                AnyValue.ValueOneofCase.DoubleValue => $"{value.DoubleValue}",
                _ => $"{value.BoolValue}",
            };
}
