namespace DaemonProxy.Configuration;

/// <summary>
/// What <c>opentelemetry</c> says. Where it says nothing, the standard's environment variables hold (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and
/// the like), and without them the defaults that the standard gives.
/// </summary>
public sealed record TelemetryOptions
{
    /// <summary>
    /// The collector's address, without <c>/v1/traces</c>; null: the environment's, else port 4318 or 4317 of this machine.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The protocol; null: the environment's, else <see cref="TelemetryProtocol.HttpProtobuf"/>.</summary>
    public TelemetryProtocol? Protocol { get; init; }

    /// <summary>The share of requests that become spans where the client has not decided it, 0 to 1.</summary>
    public double Traces { get; init; } = 1;

    /// <summary>Whether metrics are sent.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>The time between two reports of metrics; null: the environment's, else 60 s.</summary>
    public TimeSpan? MetricsInterval { get; init; }

    /// <summary>The service's name; null: the environment's, else <c>daemonproxy</c>.</summary>
    public string? ServiceName { get; init; }

    /// <summary>
    /// Full path of a file with headers for the collector, one <c>name: value</c> a line; null: the environment's. Secrets have no place in
    /// a configuration.
    /// </summary>
    public string? HeadersFile { get; init; }
}

/// <summary>How the collector is spoken to.</summary>
public enum TelemetryProtocol
{
    /// <summary>Protobuf over HTTP.</summary>
    HttpProtobuf,

    /// <summary>gRPC.</summary>
    Grpc,
}
