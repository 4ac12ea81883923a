using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Connections;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Receives what Kestrel writes for a connection's responses, in place of the transport's pipe. A flush sends on the socket at once and
/// completes when the system has accepted everything. A pipe would copy each byte into blocks of 4 KiB and hand them to a loop of its own.
/// Reading and closing remain with the connection.
/// </summary>
/// <remarks>
/// Kestrel guarantees that only one flush is in progress and that nothing is written meanwhile (its ConcurrentPipeWriter sits in front of
/// this one); a TLS stream awaits each of its writes. Blocks are lent only without TLS, where the bytes written are the bytes sent.
/// </remarks>
internal sealed class ClientSocketWriter : PipeWriter, IBlockLender
{
    // Enough for the head of a typical response; a larger head, or a body written piecemeal, gets the room that it needs.
    private const int SmallestBuffer = 1024;

    // Linux's TCP_INFO, and the offset in it of the bytes that the client's side has acknowledged (tcpi_bytes_acked, since 4.1).
    private const int Tcp = 6;
    private const int TcpInfo = 11;
    private const int BytesAcknowledged = 120;

    private readonly Socket _socket;
    private readonly ConnectionContext _connection;
    private readonly Action<Exception?> _completed;
    private byte[] _buffer = [];
    private int _length;
    private int _sent;
    private long _flushed;
    private long _taken;
    private long _takenAtEnd = -1;
    private ReadOnlyMemory<byte> _lent;
    private bool _lentIsWritten;
    private bool _gone;
    private Task<FlushResult>? _flushing;

    /// <summary>Creates the writer of a connection.</summary>
    /// <param name="socket">The connection's socket.</param>
    /// <param name="connection">The connection, which is aborted when the client has left.</param>
    /// <param name="completed">Called when the last byte has been sent, or with the reason why no more will be.</param>
    public ClientSocketWriter(Socket socket, ConnectionContext connection, Action<Exception?> completed)
    {
        _socket = socket;
        _connection = connection;
        _completed = completed;
    }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _length + (_lentIsWritten ? _lent.Length : 0);

    /// <summary>Bytes written on this connection and flushed so far.</summary>
    public long Written => Interlocked.Read(ref _flushed);

    /// <inheritdoc/>
    public void Lend(ReadOnlyMemory<byte> block) => _lent = block;

    /// <inheritdoc/>
    /// <remarks>The runtime reports a send only when all of it has been accepted; Linux knows its progress.</remarks>
    public long Taken
    {
        get
        {
            if (Interlocked.Read(ref _takenAtEnd) is >= 0 and var atEnd) return atEnd;
            Span<byte> info = stackalloc byte[BytesAcknowledged + sizeof(long)];
            try
            {
                if (OperatingSystem.IsLinux() && _socket.GetRawSocketOption(Tcp, TcpInfo, info) == info.Length)
                    return MemoryMarshal.Read<long>(info[BytesAcknowledged..]);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // In that case the client has left, and the send ends for that reason.
            }
            return Interlocked.Read(ref _taken);
        }
    }

    /// <inheritdoc/>
    public long Undelivered => Math.Max(0, Interlocked.Read(ref _flushed) - Taken);

    /// <inheritdoc/>
    public void Abort()
    {
        KeepTaken();
        _connection.Abort();
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (!_lent.IsEmpty && !_lentIsWritten) return MemoryMarshal.AsMemory(_lent);
        var size = Math.Max(sizeHint, 256);
        if (_buffer.Length - _length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, Math.Max(_buffer.Length * 2, _length + size)));
            _buffer.AsSpan(0, _length).CopyTo(larger);
            ReturnBuffer();
            _buffer = larger;
        }
        return _buffer.AsMemory(_length);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        if (!_lent.IsEmpty && !_lentIsWritten) _lentIsWritten = true;
        else _length += bytes;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The token is ignored: a send cancelled halfway would leave the connection unusable, so only aborting the connection ends a send.
    /// </remarks>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Add(ref _flushed, UnflushedBytes);
        try
        {
            while (!_gone && Unsent is { IsEmpty: false } unsent)
            {
                var sending = SendAsync(unsent);
                if (!sending.IsCompletedSuccessfully) return new(_flushing = FinishAsync(sending));
                Take(sending.Result);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            Leave(failure);
        }
        return new(Flushed());
    }

    private async Task<FlushResult> FinishAsync(ValueTask<int> sending)
    {
        try
        {
            Take(await sending);
            while (!_gone && Unsent is { IsEmpty: false } unsent)
                Take(await SendAsync(unsent));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            Leave(failure);
        }
        return Flushed();
    }

    /// <summary>Sends some of the bytes, or all; a block in a pipe of the system's from there.</summary>
    private ValueTask<int> SendAsync(ReadOnlyMemory<byte> unsent) =>
        KernelPipe.TryFind(unsent, out var pipe, out var start)
            ? pipe.SendAsync(_socket, start, unsent.Length, CancellationToken.None)
            : _socket.SendAsync(unsent, SocketFlags.None, CancellationToken.None);

    // Bytes written into the buffer precede the lent block.
    private ReadOnlyMemory<byte> Unsent =>
        _sent < _length ? _buffer.AsMemory(_sent, _length - _sent) : _lentIsWritten ? _lent[(_sent - _length)..] : default;

    private void Take(int sent)
    {
        _sent += sent;
        Interlocked.Add(ref _taken, sent);
    }

    private FlushResult Flushed()
    {
        // An idle connection holds no memory.
        ReturnBuffer();
        _buffer = [];
        _length = _sent = 0;
        _lent = default;
        _lentIsWritten = false;
        return new FlushResult(isCanceled: false, isCompleted: _gone);
    }

    /// <summary>The client has left: Kestrel sees this as a reset and aborts the request.</summary>
    private void Leave(Exception failure)
    {
        _gone = true;
        KeepTaken();
        _connection.Abort(new ConnectionAbortedException("the client has left", failure));
    }

    // A closed socket no longer has this information.
    private void KeepTaken() => Interlocked.CompareExchange(ref _takenAtEnd, Taken, -1);

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        // A send ends when the client reads or the connection is aborted; Kestrel cancels a flush only when it aborts the connection.
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        // The connection closes the socket after this, so unflushed bytes are sent first, as a pipe would send them.
        var flushing = _flushing is { IsCompleted: false } pending
            ? pending : exception is null ? FlushAsync().AsTask() : Task.CompletedTask;
        if (flushing.IsCompleted) _completed(exception);
        else flushing.ContinueWith(
            (_, failure) => _completed((Exception?)failure), exception, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
