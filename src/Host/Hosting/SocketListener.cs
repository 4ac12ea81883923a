using System.Buffers;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Connections;

namespace DaemonProxy.Host.Hosting;

/// <summary>Gives Kestrel a listener for each socket that was opened before it started.</summary>
/// <param name="sockets">The sockets.</param>
/// <param name="listeners">Receives each listener.</param>
/// <param name="options">When connections are accepted, and how many.</param>
/// <param name="memory">Kestrel's memory pools.</param>
internal sealed class SocketListenerFactory(
    IReadOnlyList<ListenSocket> sockets, List<SocketListener> listeners, HttpServerOptions options, IMemoryPoolFactory<byte> memory)
    : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = sockets.Single(socket => socket.EndPoint.Equals(endpoint));
        var listener = new SocketListener(socket, options.Gate, options.Opening, options.Budget, memory.Create());
        listeners.Add(listener);
        return new(listener);
    }
}

/// <summary>
/// Accepts connections for Kestrel, in place of its own listener. That listener retries at once and without end when the system has no
/// descriptors left, and has no limit that is checked before a connection is accepted.
/// </summary>
internal sealed class SocketListener(
    ListenSocket socket, ConnectionGate? gate, Task opening, ConnectionBudget? budget, MemoryPool<byte> memory)
    : IConnectionListener
{
    // Long enough to cost nothing, short enough to restore service within a fraction of a second after the shortage ends.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _unbound = new();
    private readonly SemaphoreSlim _accepting = new(1);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastConnection = TimeProvider.System.GetUtcNow().Ticks;
    private int _unbinding;

    /// <inheritdoc/>
    public EndPoint EndPoint => socket.EndPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        var entered = false;
        var accepting = false;
        try
        {
            await _accepting.WaitAsync(_unbound.Token);
            accepting = true;
            if (!opening.IsCompleted) await opening.WaitAsync(_unbound.Token);
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
                    accepted = await socket.Socket.AcceptAsync(_unbound.Token);
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
            if (accepting) _accepting.Release();
        }
    }

    private SocketConnection? Create(Socket accepted)
    {
        try
        {
            if (accepted.LocalEndPoint is IPEndPoint) accepted.NoDelay = true;
            return new SocketConnection(accepted, $"{++_lastConnection:X}", memory, budget, isPlain: !socket.IsHttps);
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
        if (Interlocked.Exchange(ref _unbinding, 1) == 0)
        {
            await _unbound.CancelAsync();
            // To free a thread that is inside accept, .NET would disconnect the socket, and so end it for a process that shares it. Nobody
            // accepts any more once this has been entered, and it is never left.
            await _accepting.WaitAsync(CancellationToken.None);
            socket.Socket.Dispose();
            _closed.SetResult();
        }
        await _closed.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        memory.Dispose();
    }
}
