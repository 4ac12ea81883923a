using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Kestrel, hosted directly: no middleware pipeline and no generic host between the connection and the application (design.md). Serves
/// HTTP/1.1, and HTTP/2 when TLS negotiates it. Without TLS, Kestrel cannot tell the two apart when both are enabled, so clear-text HTTP/2
/// by prior knowledge is refused.
/// </summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IServer _server;
    private readonly List<ListenSocket> _sockets;
    private readonly List<SocketListener> _listeners;

    private HttpServer(ServiceProvider services, List<ListenSocket> sockets, List<SocketListener> listeners)
    {
        _services = services;
        _listeners = listeners;
        _server = services.GetRequiredService<IServer>();
        _sockets = sockets;
        Addresses = [.. sockets.Where(s => s.EndPoint is IPEndPoint)
            .Select(s => new Uri($"{(s.IsHttps ? "https" : "http")}://{s.EndPoint}"))];
    }

    /// <summary>
    /// The TCP addresses that it listens on, with the ports that the system chose; <c>*</c> is <c>[::]</c>, or <c>0.0.0.0</c> without IPv6.
    /// </summary>
    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>The sockets that it listens on.</summary>
    public IReadOnlyList<ListenSocket> Sockets => _sockets;

    /// <summary>Opens the sockets and starts to serve.</summary>
    /// <exception cref="ServerStartException">An address cannot be listened on, or an <c>https</c> address has no certificate.</exception>
    public static async Task<HttpServer> StartAsync<TContext>(
        HttpServerOptions options, IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        if (options.Certificate is null && options.Listen.FirstOrDefault(a => a.Scheme == "https") is { } https)
            throw new ServerStartException($"{https} needs a certificate; name one under tls, or listen on http");

        List<ListenSocket> sockets = [.. options.Open ?? ListenSockets.Open(options.Listen, options.UnixSocket, options.Handed)];
        var listeners = new List<SocketListener>();
        HttpServer? server = null;
        try
        {
            server = new HttpServer(ServicesOf(options, sockets, listeners), sockets, listeners);
            await server._server.StartAsync(application, cancellationToken);
            return server;
        }
        catch
        {
            if (server is not null)
                await server.DisposeAsync();
            sockets.ForEach(s => s.Socket.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Stops accepting connections, and goes on serving those that it has. Another process may listen on the same sockets, which are not
    /// shut down.
    /// </summary>
    public Task StopAcceptingAsync() => Task.WhenAll(_listeners.Select(listener => listener.UnbindAsync().AsTask()));

    /// <summary>
    /// Stops accepting connections and waits for the requests in flight; those remaining when <paramref name="cancellationToken"/> fires
    /// are aborted.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    /// <summary>Aborts the remaining requests, then closes and frees everything.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _services.DisposeAsync();
        _sockets.ForEach(s => s.Socket.Dispose());
    }

    private static ServiceProvider ServicesOf(HttpServerOptions options, List<ListenSocket> sockets, List<SocketListener> listeners)
    {
        var kestrel = new KestrelServices(new KestrelLog(options.Log), options.Refused);
        kestrel.ConfigureServices(services =>
        {
            services.AddSingleton<IConnectionListenerFactory>(
                provider => new SocketListenerFactory(
                    sockets, listeners, options, provider.GetRequiredService<IMemoryPoolFactory<byte>>()));
            services.AddSingleton(_ => new RestedMemory(TimeProvider.System));
            services.AddSingleton<IConfigureOptions<KestrelServerOptions>>(provider => new ConfigureOptions<KestrelServerOptions>(
                server => Configure(server, options, sockets, provider.GetRequiredService<RestedMemory>())));
        });
        return kestrel.BuildProvider();
    }

    private static void Configure(KestrelServerOptions server, HttpServerOptions options, List<ListenSocket> sockets, RestedMemory memory)
    {
        server.AddServerHeader = false;
        // A target in absolute form takes precedence over a different Host (RFC 9112, section 3.2.2).
        server.AllowHostHeaderOverride = true;
        server.AllowSynchronousIO = false;
        // Header bytes pass unchanged: Latin-1 maps each byte to the character of the same number and back (RFC 9110, 5.5).
        var host = new HostHeaderEncoding();
        var length = new LengthHeaderEncoding();
        var connection = new ConnectionHeaderEncoding();
        server.RequestHeaderEncodingSelector = name => name switch
        {
            "Host" or ":authority" => host,
            "Content-Length" => length,
            "Connection" => connection,
            _ => Encoding.Latin1,
        };
        server.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        server.Limits.MaxRequestBodySize = options.MaxRequestBodySize;
        options.Limits?.Invoke(server.Limits);

        foreach (var socket in sockets)
        {
            server.Listen(socket.EndPoint, listen =>
            {
                listen.Protocols = socket.IsHttps ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                if (socket.IsHttps) listen.UseHttps(TlsOf(options));
                else listen.Use(http => connection => Serve(connection, http, options.RestAfter, server.Limits.KeepAliveTimeout, memory));
            });
        }
    }

    private static Task Serve(
        ConnectionContext connection, ConnectionDelegate http, TimeSpan restAfter, TimeSpan keepAlive, RestedMemory memory) =>
        connection.Features.Get<ConnectionRest>()?.ServeAsync(http, restAfter, keepAlive, memory) ?? http(connection);

    private static TlsHandshakeCallbackOptions TlsOf(HttpServerOptions options) => new()
    {
        OnConnection = _ => new(options.Certificate!.Handshake),
        HandshakeTimeout = options.HandshakeTimeout,
    };
}
