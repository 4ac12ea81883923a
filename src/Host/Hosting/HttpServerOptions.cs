using DaemonProxy.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DaemonProxy.Host.Hosting;

/// <summary>What an <see cref="HttpServer"/> listens on, and within which limits.</summary>
internal sealed record HttpServerOptions
{
    /// <summary>The TCP addresses; may be empty when <see cref="UnixSocket"/> is set.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [];

    /// <summary>
    /// Full path of a Unix socket to listen on (mode 0600), or null. A stale socket file there is replaced; the file is gone when the
    /// server has stopped.
    /// </summary>
    public string? UnixSocket { get; init; }

    /// <summary>The certificate of the <c>https</c> addresses; required when there is one.</summary>
    public LiveCertificate? Certificate { get; init; }

    /// <summary>The longest request body, bytes; null: no limit. A longer one is a 413.</summary>
    public long? MaxRequestBodySize { get; init; }

    /// <summary>Lets connections in, up to a limit; null: all of them.</summary>
    public ConnectionGate? Gate { get; init; }

    /// <summary>Changes Kestrel's other limits (time-outs, data rates); null: Kestrel's defaults.</summary>
    public Action<KestrelServerLimits>? Limits { get; init; }

    /// <summary>How long a TLS handshake may take. Default: Kestrel's, 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Takes what Kestrel has to say, from <see cref="LogLevel.Warning"/> up; null: nobody hears it. Called from any thread, must not
    /// throw.
    /// </summary>
    public Action<LogLevel, string, Exception?>? Log { get; init; }

    /// <summary>
    /// Takes each request that Kestrel refuses before the application sees it; null: nobody hears of them. Called from any thread, must not
    /// throw.
    /// </summary>
    public Action<Microsoft.AspNetCore.Http.BadHttpRequestException>? Refused { get; init; }
}
