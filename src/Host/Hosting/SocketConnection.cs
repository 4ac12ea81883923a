using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A connection that Kestrel serves, in place of its own transport's. It reads from the socket and writes to it without a pipe in between
/// (<see cref="ClientSocketReader"/>, <see cref="ClientSocketWriter"/>).
/// </summary>
internal sealed class SocketConnection : ConnectionContext, IConnectionIdFeature, IConnectionItemsFeature, IConnectionLifetimeFeature,
    IConnectionSocketFeature, IConnectionTransportFeature, IMemoryPoolFeature, IDuplexPipe
{
    private readonly Socket _socket;
    private readonly ClientSocketReader _input;
    private readonly ClientSocketWriter _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _closedIsKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConnectionRest? _rest;
    private int _isShutDown;
    private int _isTold;
    private IDictionary<object, object?>? _items;

    /// <summary>Takes over a connected socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="id">The name of the connection, for Kestrel's log.</param>
    /// <param name="memory">Kestrel's memory pool.</param>
    /// <param name="budget">Counts the pipes that bodies are moved by; null: nobody does.</param>
    /// <param name="isPlain">Whether the bytes that Kestrel writes are those of the responses: there is no TLS.</param>
    /// <exception cref="SocketException">The client has left already.</exception>
    public SocketConnection(Socket socket, string id, MemoryPool<byte> memory, ConnectionBudget? budget, bool isPlain)
    {
        _socket = socket;
        socket.Blocking = false;
        ConnectionId = id;
        MemoryPool = memory;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        _input = new ClientSocketReader(socket, budget, QueueTellClosed);
        _output = new ClientSocketWriter(socket, this, EndOutput);
        Transport = this;
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        if (!isPlain) return;
        Features.Set<IBlockLender>(_output);
        Features.Set<IUnreadBody>(_input);
        Features.Set(_rest = new ConnectionRest(this, _input, _output));
    }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection(initialCapacity: 14);

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public Socket Socket => _socket;

    /// <inheritdoc/>
    public MemoryPool<byte> MemoryPool { get; }

    PipeReader IDuplexPipe.Input => _input;

    PipeWriter IDuplexPipe.Output => _output;

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => ShutDown(abortReason);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync();
        ShutDown(null);
        await _closedIsKnown.Task;
        _closed.Dispose();
    }

    // Who waits for the token may run anything, which must not hold up the thread of the sockets.
    private void QueueTellClosed()
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
    }

    private void TellClosed()
    {
        try { _closed.Cancel(); }
        catch (AggregateException)
        {
            // A callback of somebody's failed; the connection has ended all the same.
        }
        _closedIsKnown.TrySetResult();
    }

    private void EndOutput(Exception? reason)
    {
        if (reason is not null || _rest?.IsResting != true) ShutDown(reason);
    }

    /// <summary>Closes the socket, once: orderly after the last byte, by a reset for a reason.</summary>
    private void ShutDown(Exception? reason)
    {
        if (Interlocked.Exchange(ref _isShutDown, 1) != 0) return;
        _input.Break(reason ?? new ConnectionAbortedException("the connection was closed"));
        if (reason is not null) _socket.Close(timeout: 0);
        else
        {
            try { _socket.Shutdown(SocketShutdown.Both); }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                // The client has closed it first.
            }
            _socket.Dispose();
        }
        QueueTellClosed();
    }
}
