using DaemonProxy.Configuration;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DaemonProxy.Host.Hosting;

/// <summary>The addresses and limits of an <see cref="HttpServer"/>.</summary>
internal sealed record HttpServerOptions
{
    /// <summary>The TCP addresses; may be empty when <see cref="UnixSocket"/> is set.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [];

    /// <summary>
    /// The full path of a Unix socket to listen on (mode 0600), or null. A stale socket file there is replaced; the file is removed when
    /// the server stops.
    /// </summary>
    public string? UnixSocket { get; init; }

    /// <summary>
    /// Sockets that are open already, served instead of opening any; null: the server opens <see cref="Listen"/> and
    /// <see cref="UnixSocket"/>. The server closes them.
    /// </summary>
    public IReadOnlyList<ListenSocket>? Open { get; init; }

    /// <summary>Sockets that are open already, of which it takes those for its addresses; null: there are none.</summary>
    public HandedSockets? Handed { get; init; }

    /// <summary>
    /// When the first connection is accepted. Until then connections wait, here or in another process that accepts from the same sockets.
    /// Default: at once.
    /// </summary>
    public Task Opening { get; init; } = Task.CompletedTask;

    /// <summary>The certificate of the <c>https</c> addresses; required when there is an <c>https</c> address.</summary>
    public LiveCertificate? Certificate { get; init; }

    /// <summary>The longest request body, bytes; null: no limit. A longer body gets a 413.</summary>
    public long? MaxRequestBodySize { get; init; }

    /// <summary>Admits connections up to a limit; null: admits all.</summary>
    public ConnectionGate? Gate { get; init; }

    /// <summary>Counts the pipes that large request bodies are moved by; null: nobody does.</summary>
    public ConnectionBudget? Budget { get; init; }

    /// <summary>
    /// After how long without a request a kept HTTP/1.1 connection without TLS rests (<see cref="ConnectionRest"/>), in whole seconds.
    /// Default: 10 s, longer than a page takes to ask for its parts, and than the 5 s for which Kestrel reads on in a body that nobody
    /// wants.
    /// </summary>
    public TimeSpan RestAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Changes Kestrel's other limits (time-outs, data rates); null: Kestrel's defaults.</summary>
    public Action<KestrelServerLimits>? Limits { get; init; }

    /// <summary>How long a TLS handshake may take. Default: Kestrel's, 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Receives Kestrel's log messages of <see cref="LogLevel.Warning"/> and above; null: they are dropped. Called from any thread; must
    /// not throw.
    /// </summary>
    public Action<LogLevel, string, Exception?>? Log { get; init; }

    /// <summary>
    /// Receives each request that Kestrel refuses before the application sees it; null: such requests are not reported. Called from any
    /// thread; must not throw.
    /// </summary>
    public Action<Microsoft.AspNetCore.Http.BadHttpRequestException>? Refused { get; init; }
}
