namespace DaemonProxy.Configuration;

/// <summary>The keys below <c>opentelemetry</c>.</summary>
internal static class TelemetrySection
{
    public static KeyTable<TelemetryOptions> Keys { get; } = new("opentelemetry", new TelemetryOptions())
    {
        {
            "endpoint", TelemetryKinds.CollectorAddress, telemetry => telemetry.Endpoint,
            (telemetry, address) => telemetry with { Endpoint = address },
            new("The collector's address; /v1/traces and /v1/metrics are appended for http/protobuf.")
            {
                ByDefault = "OTEL_EXPORTER_OTLP_ENDPOINT, else http://localhost:4318, for grpc http://localhost:4317",
            }
        },
        {
            "protocol", ValueKinds.Choice(("http/protobuf", TelemetryProtocol.HttpProtobuf), ("grpc", TelemetryProtocol.Grpc)),
            telemetry => telemetry.Protocol, (telemetry, protocol) => telemetry with { Protocol = protocol },
            new("How the collector is spoken to.") { ByDefault = "OTEL_EXPORTER_OTLP_PROTOCOL, else http/protobuf" }
        },
        {
            "traces", TelemetryKinds.Share, telemetry => telemetry.Traces, (telemetry, share) => telemetry with { Traces = share },
            "Which requests become spans: all (on), none (off), or a share of them; a client's traceparent that says so decides for its "
            + "own."
        },
        {
            "metrics", ValueKinds.Switch, telemetry => telemetry.Metrics, (telemetry, on) => telemetry with { Metrics = on },
            "Whether the metrics of /metrics are sent as well."
        },
        {
            "metrics-interval", ValueKinds.Timeout(zero: false), telemetry => telemetry.MetricsInterval,
            (telemetry, interval) => telemetry with { MetricsInterval = interval },
            new("The time between two reports of metrics.") { ByDefault = "OTEL_METRIC_EXPORT_INTERVAL, else 60s" }
        },
        {
            "service-name", ValueKinds.Word("shop"), telemetry => telemetry.ServiceName,
            (telemetry, name) => telemetry with { ServiceName = name },
            new("The service's name (service.name).") { ByDefault = "OTEL_SERVICE_NAME, else daemonproxy" }
        },
        {
            "headers-file", ValueKinds.ExistingFile, telemetry => telemetry.HeadersFile,
            (telemetry, file) => telemetry with { HeadersFile = file },
            new("A file with headers for the collector, such as a key: a line 'name: value' for each.")
            {
                ByDefault = "OTEL_EXPORTER_OTLP_HEADERS",
            }
        },
    };

    public static TelemetryOptions Read(MappingNode mapping, Reading reading) => Keys.Read(mapping, new TelemetryOptions(), reading);
}
