using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace DaemonProxy.Host.Hosting;

/// <summary>Gives Kestrel a listener for each socket that was opened before it started.</summary>
/// <param name="sockets">The sockets.</param>
/// <param name="gate">Admits connections; null: admits all.</param>
/// <param name="memory">Kestrel's memory pools.</param>
internal sealed class SocketListenerFactory(IReadOnlyList<ListenSocket> sockets, ConnectionGate? gate, IMemoryPoolFactory<byte> memory)
    : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new(new SocketListener(sockets.Single(socket => socket.EndPoint.Equals(endpoint)).Socket, endpoint, gate, memory.Create()));
}

/// <summary>
/// Accepts connections for Kestrel, in place of its own listener. That listener retries at once and without end when the system has no
/// descriptors left, and has no limit that is checked before a connection is accepted.
/// </summary>
internal sealed class SocketListener(Socket socket, EndPoint endPoint, ConnectionGate? gate, MemoryPool<byte> memory) : IConnectionListener
{
    // Long enough to cost nothing, short enough to restore service within a fraction of a second after the shortage ends.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly SocketConnectionContextFactory _connections = new(
        // The application never blocks a thread, so it can run where the socket's bytes arrived, without switching threads.
        new SocketConnectionFactoryOptions { UnsafePreferInlineScheduling = true }, NullLogger.Instance);

    private readonly CancellationTokenSource _unbound = new();
    private readonly MemoryFeature _memory = new(memory);

    /// <inheritdoc/>
    public EndPoint EndPoint => endPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        var entered = false;
        try
        {
            while (true)
            {
                if (gate is { Closes: false } && !entered && !(entered = gate.TryEnter()))
                {
                    await gate.RoomAsync(_unbound.Token);
                    continue;
                }
                Socket accepted;
                try
                {
                    accepted = await socket.AcceptAsync(_unbound.Token);
                }
                catch (SocketException failure)
                    when (failure.SocketErrorCode is not (SocketError.OperationAborted or SocketError.NotSocket))
                {
                    // A client that left before it was accepted is no reason to wait.
                    if (failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted) continue;
                    gate?.ReportFailure(failure);
                    await Task.Delay(PauseAfterFailure, TimeProvider.System, _unbound.Token);
                    continue;
                }
                if (gate is { Closes: true } && !(entered = gate.TryEnter()))
                {
                    accepted.Dispose();
                    continue;
                }
                if (Create(accepted) is not { } connection) continue;
                var place = entered ? gate : null;
                entered = false;
                return place is null ? connection : new CountedConnection(connection, place);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            return null;
        }
        finally
        {
            if (entered) gate!.Leave();
        }
    }

    private ConnectionContext? Create(Socket accepted)
    {
        try
        {
            if (accepted.LocalEndPoint is IPEndPoint) accepted.NoDelay = true;
            var connection = _connections.Create(accepted);
            // Connections created by this factory come with a pool that returns nothing when asked for a block
            // of any size, which is how Kestrel's writers ask.
            connection.Features.Set<IMemoryPoolFeature>(_memory);
            return connection;
        }
        catch (SocketException)
        {
            // The client has left already.
            accepted.Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (!_unbound.IsCancellationRequested) await _unbound.CancelAsync();
        socket.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        _connections.Dispose();
        memory.Dispose();
    }

    private sealed class MemoryFeature(MemoryPool<byte> pool) : IMemoryPoolFeature
    {
        public MemoryPool<byte> MemoryPool => pool;
    }
}
