using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Host.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using EventLog = DaemonProxy.Events.EventLog;

namespace DaemonProxy.Host.Telemetry;

/// <summary>
/// Sends spans and metrics to a collector, in batches on threads of its own, by OpenTelemetry's own library. What a collector does not take
/// in time is dropped: no request ever waits for it.
/// </summary>
internal sealed class TelemetryExport : IAsyncDisposable
{
    /// <summary>The name of the spans' source.</summary>
    public const string Name = "DaemonProxy";

    // The library's queue of 2,048 spans is full after a tenth of a second of what one processor can serve.
    private const int LongestQueue = 16_384;
    private const int LargestBatch = 2_048;

    private const int ShutdownLimit = 2_000;
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    /// <summary>Starts to send.</summary>
    /// <param name="options">What to send where.</param>
    /// <param name="instance">The front end's name.</param>
    /// <param name="meters">The names of the meters to send.</param>
    /// <param name="log">Receives an event when the collector does not take what is sent.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ServerStartException">The file with the headers, or the environment, cannot be used.</exception>
    public TelemetryExport(TelemetryOptions options, string instance, string[] meters, EventLog log, TimeProvider time)
    {
        _time = time;
        var headers = options.HeadersFile is { } file ? CollectorHeaders.Read(file) : [];
        var resource = ResourceBuilder.CreateEmpty()
            .AddService("daemonproxy", serviceVersion: HostVersion.Number, autoGenerateServiceInstanceId: false,
            serviceInstanceId: instance)
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        if (options.ServiceName is { } name)
            resource.AddService(
                name, serviceVersion: HostVersion.Number, autoGenerateServiceInstanceId: false, serviceInstanceId: instance);
        try
        {
            if (options.Traces > 0)
            {
                Source = new ActivitySource(Name, HostVersion.Number);
                _traces = Spans(options, resource, new ExportWatch("spans", headers, log));
            }
            if (options.Metrics) _metrics = Metrics(options, resource, meters, new ExportWatch("metrics", headers, log));
        }
        // The environment is read by the library.
        catch (Exception failure)
            when (failure is ArgumentException or FormatException or InvalidOperationException or NotSupportedException)
        {
            Source?.Dispose();
            _traces?.Dispose();
            throw new ServerStartException(
                $"opentelemetry cannot be set up ({failure.Message.TrimEnd('.')}); correct the environment variables whose names begin "
                    + "with "
                + "OTEL_", failure);
        }
    }

    private static TracerProvider Spans(TelemetryOptions options, ResourceBuilder resource, ExportWatch watch)
    {
        // The cheaper sampler where it makes no difference.
        Sampler sampler = options.Traces < 1 ? new TraceIdRatioBasedSampler(options.Traces) : new AlwaysOnSampler();
        return Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Name).SetSampler(new ParentBasedSampler(sampler))
            .AddOtlpExporter(exporter =>
            {
                Set(exporter, options, "traces", watch);
                var batch = exporter.BatchExportProcessorOptions;
                if (!IsSet("OTEL_BSP_MAX_QUEUE_SIZE")) batch.MaxQueueSize = LongestQueue;
                if (!IsSet("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")) batch.MaxExportBatchSize = Math.Min(LargestBatch, batch.MaxQueueSize);
            })
            .Build();
    }

    private static MeterProvider Metrics(TelemetryOptions options, ResourceBuilder resource, string[] meters, ExportWatch watch) =>
        Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(meters)
        .AddOtlpExporter((exporter, reader) =>
        {
            Set(exporter, options, "metrics", watch);
            if (options.MetricsInterval is { } interval)
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
        })
        .Build();

    /// <summary>The source of the spans; null: there are to be none.</summary>
    public ActivitySource? Source { get; }

    private static void Set(OtlpExporterOptions exporter, TelemetryOptions options, string signal, ExportWatch watch)
    {
        // The library's own default is gRPC, against the standard's.
        if (options.Protocol is { } protocol)
            exporter.Protocol = protocol == TelemetryProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        else if (!IsSet("OTEL_EXPORTER_OTLP_PROTOCOL") && !IsSet($"OTEL_EXPORTER_OTLP_{signal.ToUpperInvariant()}_PROTOCOL"))
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        if (options.Endpoint is { } endpoint)
            exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.Grpc ? endpoint
                : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/v1/{signal}");
        // The file takes the place of the environment's headers.
        if (options.HeadersFile is not null) exporter.Headers = "";
        var timeout = TimeSpan.FromMilliseconds(exporter.TimeoutMilliseconds);
        exporter.HttpClientFactory = () => new HttpClient(watch) { Timeout = timeout };
    }

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    /// <summary>Sends what is left, as far as the collector takes it within three seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        var shutdown = Task.WhenAll(
            Task.Run(() => _traces is null || _traces.Shutdown(ShutdownLimit)),
                Task.Run(() => _metrics is null || _metrics.Shutdown(ShutdownLimit)));
        try
        {
            await shutdown.WaitAsync(LastWait, _time);
            // A provider whose collector hangs would wait for it again.
            if (shutdown.Result.All(done => done))
            {
                _traces?.Dispose();
                _metrics?.Dispose();
            }
        }
        catch (TimeoutException)
        {
            // Its threads end with the process.
        }
        Source?.Dispose();
    }
}
