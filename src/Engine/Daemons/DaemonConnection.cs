using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Relay;
using DaemonProxy.Timing;

namespace DaemonProxy.Daemons;

/// <summary>
/// One connection to a daemon, and the HTTP/1.1 exchange on it. It uses plain sockets because the relay has to see the socket run dry. It
/// serves one request at a time; the body of the response is read through <see cref="IResponseBody"/>.
/// </summary>
public sealed partial class DaemonConnection : IResponseBody, IDisposable
{
    // The buffer of a response that is read slowly, judged by how long a full buffer stayed unread: the daemon has to wait for the client
    // instead of filling the front end's memory.
    private const int SlowBuffer = 4_096;

    // Enough for a typical page with its head. The buffer grows for a response that fills it, and shrinks for one that arrives in small
    // pieces, as event streams do.
    private const int SmallBuffer = 32_768;
    private const int LargeBuffer = 262_144;

    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly DaemonLimits _limits;
    private readonly TimeProvider _time;
    private readonly TimedWait _wait;
    private ConnectionBudget? _budget;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _filled;
    private int _received;
    private long _filledAt;
    private int _smallPieces;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receive;
    private bool _receiving;
    private bool _eof;
    private bool _closedAtRest;
    private BodyFraming _framing;
    private long _left;
    private ChunkedReader _chunks;
    private bool _bodyEnded;
    private bool _keepAlive;
    private long _sentAt;
    private KernelPipe? _pipe;
    private bool _mayMove;
    private bool _isMoving;
    private bool _awaitsMove;
    private bool _cannotMove;
    private volatile bool _requestUnderWay;

    /// <param name="socket">The connected socket; this connection owns it from now on.</param>
    /// <param name="limits">The limits of its exchanges.</param>
    /// <param name="time">The clock that measures them.</param>
    /// <param name="budget">The budget that counts this connection; null: it is not counted.</param>
    /// <param name="known">The lines of the daemon's heads; null: this is the only connection to it.</param>
    internal DaemonConnection(
        Socket socket, DaemonLimits limits, TimeProvider time, ConnectionBudget? budget = null, KnownLines? known = null)
    {
        _known = new(known ?? new());
        _budget = budget;
        _socket = socket;
        _limits = limits;
        _time = time;
        _wait = new TimedWait(time);
    }

    /// <summary>Whether the connection has served a request before; the daemon may then have closed it in the meantime.</summary>
    public bool Reused { get; private set; }

    /// <summary>When the connection became idle, as a timestamp of the clock.</summary>
    internal long RestsSince { get; private set; }

    /// <summary>
    /// Whether part of the request is still to be sent. Silence of the daemon then proves nothing, because it may be waiting for what the
    /// client has not sent yet.
    /// </summary>
    internal bool RequestUnderWay
    {
        get => _requestUnderWay;
        set
        {
            Volatile.Write(ref _sentAt, _time.GetTimestamp());
            _requestUnderWay = value;
        }
    }

    /// <inheritdoc/>
    public bool AwaitsRequest => _requestUnderWay;

    /// <inheritdoc/>
    public bool MayStayUnread
    {
        set => _mayMove = value;
    }

    /// <summary>The trailers of the response; empty until its end.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Trailers => _chunks.Trailers ?? (IReadOnlyList<KeyValuePair<string, string>>)[];

    /// <summary>Whether the response is complete and the daemon accepts another request on this connection.</summary>
    public bool Reusable => _bodyEnded && _keepAlive && _start == _end && !_receiving && !_eof;

    /// <summary>Sends bytes of the request.</summary>
    /// <exception cref="SocketException">The daemon no longer takes any.</exception>
    /// <exception cref="TimeoutException">The daemon accepted nothing for socket-timeout.</exception>
    internal ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!bytes.IsEmpty)
        {
            // The system accepts a head at once.
            var send = SendSomeAsync(bytes, cancellationToken);
            if (!send.IsCompletedSuccessfully) return SendRestAsync(send, bytes, cancellationToken);
            var sent = send.Result;
            if (sent < bytes.Length) return SendRestAsync(new(sent), bytes, cancellationToken);
        }
        Volatile.Write(ref _sentAt, _time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    private async ValueTask SendRestAsync(ValueTask<int> send, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var sent = send.IsCompletedSuccessfully
                ? send.Result : await send.AsTask().WaitAsync(_limits.SocketTimeout, cancellationToken).ConfigureAwait(false);
            bytes = bytes[sent..];
            if (bytes.IsEmpty) break;
            send = SendSomeAsync(bytes, cancellationToken);
        }
        Volatile.Write(ref _sentAt, _time.GetTimestamp());
    }

    private ValueTask<int> SendSomeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        KernelPipe.TryFind(bytes, out var pipe, out var start)
            ? pipe.SendAsync(_socket, start, bytes.Length, cancellationToken)
            : _socket.SendAsync(bytes, SocketFlags.None, cancellationToken);

    /// <inheritdoc/>
    public bool TryRead(out BodyBlock block)
    {
        try
        {
            while (true)
            {
                var memory = _buffer.AsMemory(_start, _end - _start);
                switch (_framing)
                {
                    case BodyFraming.None:
                        return End(default, out block);
                    case BodyFraming.Length:
                        ReadOnlyMemory<byte> take = memory[..(int)Math.Min(_left, memory.Length)];
                        _start += take.Length;
                        if (take.IsEmpty) take = Moved(_left);
                        _left -= take.Length;
                        if (_left == 0) return End(take, out block);
                        if (!take.IsEmpty) return Give(take, out block);
                        break;
                    case BodyFraming.Chunked:
                        _start += _chunks.Read(memory.Span, out var data);
                        if (_chunks.Ended) return End(memory[data], out block);
                        if (!memory[data].IsEmpty) return Give(memory[data], out block);
                        break;
                    default:
                        _start = _end;
                        var rest = memory.IsEmpty ? Moved(long.MaxValue) : memory;
                        if (_eof) return End(rest, out block);
                        if (!rest.IsEmpty) return Give(rest, out block);
                        break;
                }
                if (_eof)
                    throw new BrokenResponseException(
                        EventCatalogue.BodyReadError, "the daemon closed the connection before its response was complete");
                if (!TryReceive())
                {
                    block = default;
                    return false;
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            throw new BrokenResponseException(EventCatalogue.BodyReadError, failure.Message, failure);
        }
    }

    /// <inheritdoc/>
    public long? CameAt => _wait.SignalledAt;

    /// <inheritdoc/>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _wait.WaitAsync(limit, cancellationToken);

    private static bool Give(ReadOnlyMemory<byte> data, out BodyBlock block)
    {
        block = new(data, false);
        return true;
    }

    private bool End(ReadOnlyMemory<byte> data, out BodyBlock block)
    {
        _bodyEnded = true;
        block = new(data, true);
        return true;
    }

    /// <summary>
    /// A block of the body that has arrived and stays inside the system, without a copy. Empty: nothing has, or it is not worth it. It is
    /// for a large response, while large blocks come and are sent without delay.
    /// </summary>
    /// <param name="left">The most bytes that belong to the body.</param>
    private ReadOnlyMemory<byte> Moved(long left)
    {
        if (_receiving || _eof || left == 0) return default;
        var hasWaited = _awaitsMove;
        _awaitsMove = false;
        var isSlow = !hasWaited && IsSlow();
        if (!_mayMove || _cannotMove || isSlow || !(_isMoving || (_received >= KernelPipe.LeastBlock && left >= LargeBuffer)))
        {
            // A response that is read slowly goes on by the smallest buffer.
            _filled |= _isMoving && isSlow;
            _isMoving = false;
            if (isSlow) ClosePipe();
            return default;
        }
        _pipe ??= KernelPipe.Create(_budget);
        _cannotMove = _pipe is null;
        var moved = _pipe?.Fill(_socket.SafeHandle, left);
        // To have been told of bytes and to find none is for the ordinary way to make sense of.
        _isMoving = moved is null ? !_cannotMove && !hasWaited : moved >= SlowBuffer;
        _eof = moved == 0;
        (_filled, _filledAt, _received) = (false, _time.GetTimestamp(), 0);
        if (_isMoving) ReturnBuffer();
        return moved > 0 ? _pipe!.Block : default;
    }

    private bool IsSlow() => _time.GetElapsedTime(_filledAt) > Slow;

    /// <summary>Receives what has arrived. False when nothing has; <see cref="_wait"/> is then signalled when something does.</summary>
    private bool TryReceive()
    {
        if (!_receiving)
        {
            // Without a buffer it only waits for the bytes that will be moved.
            _awaitsMove = _isMoving;
            if (!_awaitsMove) MakeRoom();
            _wait.Reset();
#pragma warning disable CA2012 // The awaiter is kept and asked once, when the wait has been signalled.
            _receive = _socket.ReceiveAsync(_awaitsMove ? Memory<byte>.Empty : _buffer.AsMemory(_end), SocketFlags.None)
                .ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            if (!_receive.IsCompleted)
            {
                _receiving = true;
                _receive.UnsafeOnCompleted(_wait.Signal);
                return false;
            }
        }
        else if (!_wait.IsSignalled) return false;

        _receiving = false;
        var count = _receive.GetResult();
        if (_awaitsMove) return true;
        _eof = count == 0;
        _end += count;
        _received = count;
        _smallPieces = count < SlowBuffer / 2 ? _smallPieces + 1 : 0;
        _filled = _end == _buffer.Length;
        if (_filled) _filledAt = _time.GetTimestamp();
        return true;
    }

    private void MakeRoom()
    {
        var kept = _end - _start;
        // A response that fills the buffer is large and gets a larger buffer; a long header line gets what it needs.
        var slow = _filled && kept == 0 && IsSlow();
        // The head alone counts as one small piece.
        var small = slow || (kept == 0 && _smallPieces > 1);
        var size = small
            ? SlowBuffer : _filled && kept == 0
            ? Math.Min(_buffer.Length * 4, LargeBuffer)
            : kept > _buffer.Length / 2 ? _buffer.Length * 2 : Math.Max(_buffer.Length, SmallBuffer);
        if (size > _buffer.Length || (small && size < _buffer.Length))
        {
            var other = ArrayPool<byte>.Shared.Rent(size);
            _buffer.AsSpan(_start, kept).CopyTo(other);
            if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = other;
        }
        else if (_start > 0 && kept > 0) _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        _start = 0;
        _end = kept;
    }

    /// <summary>After a 101: returns the connection as a stream of bytes, and the bytes of it that have already been received.</summary>
    public (Stream Stream, ReadOnlyMemory<byte> Received) TakeOver() =>
        (new NetworkStream(_socket, ownsSocket: false), _buffer.AsMemory(_start, _end - _start));

    /// <summary>After a 101: tells the daemon that the client will send nothing more.</summary>
    public void EndRequest() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>
    /// Makes the connection idle until the next request. The receive for the next response's head is already started. It completes early
    /// when the daemon closes the connection or sends something unasked, so that a request need not ask the system first.
    /// </summary>
    internal void Rest()
    {
        Reused = true;
        RestsSince = _time.GetTimestamp();
        if (_buffer.Length != SmallBuffer) ReturnBuffer();
        EndMoving();
        _filled = false;
        _received = _smallPieces = 0;
        try { _closedAtRest = TryReceive(); }
        catch (SocketException) { _closedAtRest = true; }
    }

    /// <summary>Whether the daemon has closed the connection, or sent something unasked, while it was idle.</summary>
    internal bool IsStale() => _closedAtRest || _wait.IsSignalled;

    private void ClosePipe()
    {
        _pipe?.Close();
        _pipe = null;
    }

    private void EndMoving()
    {
        ClosePipe();
        _mayMove = _isMoving = _awaitsMove = _cannotMove = false;
    }

    private void ReturnBuffer()
    {
        // A receive that is still under way may yet write into the buffer, which is then left to the garbage collector, not returned to the
        // pool.
        if (_buffer.Length > 0 && !_receiving) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
        _filled = false;
    }

    /// <summary>
    /// Ends whatever is under way on the connection, from any thread. Its buffers are its owner's, who disposes of it afterwards.
    /// </summary>
    internal void Abort() => _socket.Dispose();

    /// <summary>Closes the connection, whatever is under way on it.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        EndMoving();
        Interlocked.Exchange(ref _budget, null)?.Return();
        ReturnBuffer();
        _wait.Dispose();
    }
}

/// <summary>The limits of an exchange with a daemon.</summary>
/// <param name="SocketTimeout"><c>socket-timeout</c>, which applies to each single read or write.</param>
/// <param name="HeaderBufferSize"><c>header-buffer-size</c>, bytes: the longest header line.</param>
/// <param name="HeadTimeout"><c>response-header-timeout</c>: the whole head, from its first byte; 0: same as
/// <paramref name="SocketTimeout"/>.</param>
internal sealed record DaemonLimits(TimeSpan SocketTimeout, int HeaderBufferSize, TimeSpan HeadTimeout = default)
{
    /// <summary>The longest that a whole head may take.</summary>
    public TimeSpan WholeHead => HeadTimeout > TimeSpan.Zero ? HeadTimeout : SocketTimeout;
}

/// <summary>
/// The connection ended before any byte of the response arrived: a repeatable request may be sent again (RFC 9110, section 9.2.2).
/// </summary>
/// <param name="reason">The failure to report when the request is not sent again.</param>
internal sealed class NothingCameException(BrokenResponseException reason) : Exception
{
    public BrokenResponseException Reason => reason;
}
