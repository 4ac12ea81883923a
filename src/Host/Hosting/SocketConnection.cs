using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A connection that Kestrel serves, in place of its own transport's, which receives in blocks of 4 KiB whatever a client sends. Here a
/// block is as large as what has arrived, up to 64 KiB; a connection that waits holds none, but room for a small request. What Kestrel
/// writes goes to the socket without a pipe in between (<see cref="ClientSocketWriter"/>).
/// </summary>
internal sealed class SocketConnection : ConnectionContext, IConnectionIdFeature, IConnectionItemsFeature, IConnectionLifetimeFeature,
    IConnectionSocketFeature, IConnectionTransportFeature, IMemoryPoolFeature, IDuplexPipe
{
    // What Kestrel asks for: the first block, and all of a connection that sends small requests, is one of its own of 4 KiB.
    private const int SmallestRoom = 2048;

    // A request that fits is received by the call that waited for it. The room grows for a client that sends larger ones.
    private const int SmallestRequest = 256;
    private const int LargestRequest = 1024;

    /// <summary>The most bytes received at a time.</summary>
    public const int LargestReceive = 65_536;

    private readonly Socket _socket;
    private readonly Pipe _input;
    private readonly ClientSocketWriter _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _closedIsKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _receiving;
    private byte[] _request = new byte[SmallestRequest];
    private Exception? _shutDown;
    private IDictionary<object, object?>? _items;

    /// <summary>Takes over a connected socket and begins to receive.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="id">The name of the connection, for Kestrel's log.</param>
    /// <param name="input">The options of the pipe between this connection and Kestrel, with Kestrel's memory pool.</param>
    /// <param name="isPlain">Whether the bytes that Kestrel writes are those of the responses: there is no TLS.</param>
    /// <exception cref="SocketException">The client has left already.</exception>
    public SocketConnection(Socket socket, string id, PipeOptions input, bool isPlain)
    {
        _socket = socket;
        ConnectionId = id;
        MemoryPool = input.Pool;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        _input = new Pipe(input);
        _output = new ClientSocketWriter(socket, this, ShutDown);
        Transport = this;
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionSocketFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        if (isPlain) Features.Set<IBlockLender>(_output);
        _receiving = ReceiveAsync();
    }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection(initialCapacity: 12);

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

    PipeReader IDuplexPipe.Input => _input.Reader;

    PipeWriter IDuplexPipe.Output => _output;

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => ShutDown(abortReason);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _input.Reader.CompleteAsync();
        ShutDown(null);
        await _receiving;
        _closed.Dispose();
    }

    private async Task ReceiveAsync()
    {
        Exception? failure = null;
        var input = _input.Writer;
        try
        {
            var isBulk = false;
            while (_shutDown is null)
            {
                // What comes behind a full block is most probably more of a body.
                var (received, arrived) = (0, isBulk ? _socket.Available : 0);
                if (arrived == 0)
                {
                    // Waits without a block.
                    received = await _socket.ReceiveAsync(_request.AsMemory(), SocketFlags.None);
                    if (received == 0) return;
                    if (received == _request.Length) arrived = _socket.Available;
                }
                var block = input.GetMemory(Math.Clamp(received + arrived, SmallestRoom, LargestReceive));
                _request.AsSpan(0, received).CopyTo(block.Span);
                if (arrived > 0)
                {
                    if (received > 0 && _request.Length < LargestRequest) _request = new byte[_request.Length * 2];
                    received += await _socket.ReceiveAsync(block[received..], SocketFlags.None);
                }
                if (received == 0) return;
                input.Advance(received);
                isBulk = received == block.Length || received >= MemoryPool.MaxBufferSize;
                var flush = await input.FlushAsync();
                if (flush.IsCompleted || flush.IsCanceled) return;
            }
        }
        catch (SocketException reset) when (IsReset(reset.SocketErrorCode))
        {
            failure = new ConnectionResetException(reset.Message, reset);
        }
        catch (Exception ended)
        {
            // Whatever it is, Kestrel has to be told that nothing more comes.
            failure = ended;
        }
        finally
        {
            await input.CompleteAsync(_shutDown ?? failure);
            // Who waits for this token may run anything, which must not hold up the thread of the sockets.
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
            await _closedIsKnown.Task;
        }
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

    /// <summary>Closes the socket, once: orderly after the last byte, by a reset for a reason.</summary>
    private void ShutDown(Exception? reason)
    {
        if (Interlocked.CompareExchange(ref _shutDown, reason ?? new ConnectionAbortedException("the connection was closed"), null) is not null)
            return;
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
        // It may be waiting for Kestrel to read.
        _input.Writer.CancelPendingFlush();
    }

    // Windows may report a reset as an aborted connection, macOS as a wrong type of protocol.
    private static bool IsReset(SocketError error) =>
        error is SocketError.ConnectionReset or SocketError.Shutdown
        || (error == SocketError.ConnectionAborted && OperatingSystem.IsWindows())
        || (error == SocketError.ProtocolType && OperatingSystem.IsMacOS());
}
