using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The control socket of a front end: a server of its own in the instance's folder, which outlives everything else.</summary>
internal sealed class ControlEndpoint(FrontEndServer frontEnd, InstanceDirectory instance) : IAsyncDisposable
{
    private const int LargestRequest = 65_536;

    // For the answer to the request that has stopped it all, or has replaced the process.
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastAnswerOfReplaced = TimeSpan.FromSeconds(10);

    private HttpServer? _server;

    /// <summary>The sockets that it listens on.</summary>
    public IReadOnlyList<ListenSocket> Sockets => _server!.Sockets;

    /// <summary>Opens the socket and begins to answer.</summary>
    /// <param name="open">The socket, if it is open already; null: it is not.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ServerStartException">The socket cannot be opened.</exception>
    public async Task OpenAsync(ListenSocket? open, CancellationToken cancellationToken)
    {
        if (open is null)
        {
            open = UnixListenSocket.BindLasting(instance.ControlSocket);
            open.Socket.Listen(ListenSockets.Backlog);
        }
        _server = await HttpServer.StartAsync(
            new HttpServerOptions { Open = [open], MaxRequestBodySize = LargestRequest }, new ControlApplication(frontEnd), cancellationToken);
    }

    /// <summary>Opens the socket anew, in a folder that was made again.</summary>
    /// <exception cref="ServerStartException">The socket cannot be opened.</exception>
    public async Task ReopenAsync(CancellationToken cancellationToken)
    {
        if (_server is not null) await _server.DisposeAsync();
        await OpenAsync(null, cancellationToken);
    }

    /// <summary>Leaves the socket to another process, and goes on answering on the connections that it has.</summary>
    public Task StopAcceptingAsync() => _server!.StopAcceptingAsync();

    /// <summary>Ends these connections as soon as each has its answer.</summary>
    public Task EndAsync() => StopAsync(_server!, LastAnswerOfReplaced);

    private static async Task StopAsync(HttpServer server, TimeSpan longest)
    {
        using var limit = new CancellationTokenSource(longest);
        await server.StopAsync(limit.Token);
    }

    /// <summary>Closes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_server is null) return;
        await StopAsync(_server, LastAnswer);
        await _server.DisposeAsync();
    }
}
