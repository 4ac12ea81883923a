using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Connections;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Gives Kestrel what a client sends, in place of the transport's pipe. A connection that waits has room for a small request and nothing
/// else; a block is as large as what has arrived, up to 64 KiB. While nobody reads, up to 256 KiB is received ahead, so that a client that
/// leaves is noticed. A large body that nobody looks at stays in the system (<see cref="KernelPipe"/>).
/// </summary>
/// <remarks>
/// As with any pipe, one reader reads at a time, and what it has been given changes only in its calls, or while it waits. Receiving is
/// another's: who sets <see cref="_receive"/> to <see cref="Pending"/> owns the socket, and leaves blocks to the reader under the lock.
/// </remarks>
/// <param name="socket">The connection's socket.</param>
/// <param name="budget">Counts the pipes; null: nobody does.</param>
/// <param name="ended">Called when the client has ended the connection or it is broken, by any thread, perhaps more than once.</param>
internal sealed class ClientSocketReader(Socket socket, ConnectionBudget? budget, Action ended)
    : PipeReader, IUnreadBody, IValueTaskSource<ReadResult>
{
    /// <summary>The most bytes received at a time.</summary>
    public const int LargestReceive = 65_536;

    /// <summary>How far a client may get ahead of the reader, bytes.</summary>
    public const int LargestLead = 262_144;

    // A request that fits is received by the call that waited for it. The room grows for a client that sends larger ones.
    private const int SmallestRoom = 256;
    private const int LargestRoom = 1024;

    // Of a body; a smaller one costs less when it is copied.
    private const int LeastToMove = 4 * KernelPipe.LeastBlock;

    // Reads of a client that has always sent more already, after which others on its thread have their turn.
    private const int LongestRun = 256;

    // A client that goes on sending in smaller pieces than this is served better by a copy.
    private const int LeastMoved = 4096;
    private const int MostSmall = 16;

    // States of receiving.
    private const int Idle = 0;
    private const int Pending = 1;
    private const int Over = 2;

    private readonly Lock _lock = new();
    private volatile int _receive;
    private Exception? _reason;

    // Of who receives.
    private Action? _received;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _awaiter;
    private byte[] _room = new byte[SmallestRoom];
    private bool _waitsOnly;

    // Left to the reader, under the lock.
    private ReceivedBlock? _arrived;
    private ReceivedBlock? _lastArrived;
    private int _lead;
    private volatile bool _hasNews;
    private bool _mayMove;
    private Exception? _broken;

    // The reader waits, under the lock.
    private ManualResetValueTaskSourceCore<ReadResult> _read;
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _token;
    private bool _isAwaited;
    private bool _isCanceled;
    private volatile bool _isDelivering;
    private volatile bool _hasConsumed;

    // Of the reader.
    private ReceivedBlock? _first;
    private ReceivedBlock? _last;
    private ReceivedBlock? _spare;
    private bool _hasUnexamined;
    private long _unexamined;
    private bool _isEnded;
    private Exception? _failure;
    private KernelPipe? _pipe;
    private long _toMove;
    private int _small;
    private int _run;

    /// <summary>Says why the connection is being broken, before its socket is closed. Only the first reason counts.</summary>
    public void Break(Exception reason) => Interlocked.CompareExchange(ref _reason, reason, null);

    /// <summary>A number of the wait of a reader that has consumed everything; null: none waits.</summary>
    public short? Wait
    {
        get
        {
            lock (_lock) return _isAwaited && _first is null ? _read.Version : null;
        }
    }

    /// <summary>Whether a wait has been ended by <see cref="TryPause"/>.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether anything has been consumed since this was set to false: a request may have begun.</summary>
    public bool HasConsumed
    {
        get => _hasConsumed;
        set => _hasConsumed = value;
    }

    /// <summary>Ends a wait as if the client had sent its last byte. What it does send is for the reader after that.</summary>
    /// <param name="wait">The number of the wait.</param>
    /// <returns>False: nobody waits any more, or there is something to read.</returns>
    public bool TryPause(short wait)
    {
        lock (_lock)
        {
            // Another wait may be one within a request.
            if (_hasNews || _first is not null || _read.Version != wait || !EndWait()) return false;
            IsPaused = true;
        }
        _read.SetResult(new(default, isCanceled: false, isCompleted: true));
        return true;
    }

    /// <summary>Called by the reader after that.</summary>
    public void Resume() => IsPaused = false;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        var isCanceled = _hasNews && TakeNews();
        if (_failure is not null) throw _failure;
        if (!_hasUnexamined && !_isEnded && !isCanceled)
        {
            result = default;
            return false;
        }
        var unread = _first is null ? default : new ReadOnlySequence<byte>(_first, _first.Start, _last!, _last!.End);
        result = new(unread, isCanceled, _isEnded);
        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="ConnectionResetException">The client has reset the connection.</exception>
    /// <exception cref="ConnectionAbortedException">The connection has been aborted.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        while (true)
        {
            if (TryRead(out var result)) return ++_run < LongestRun ? new(result) : YieldAsync(result);
            if (Move(isThere: false)) continue;
            Receive();
            _run = 0;
            _read.Reset();
            _token = cancellationToken;
            if (!BeginWait()) continue;
            if (cancellationToken.CanBeCanceled)
                _cancellation = cancellationToken.UnsafeRegister(static reader => ((ClientSocketReader)reader!).CancelByToken(), this);
            return new(this, _read.Version);
        }
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_first is null) return;
        if (consumed.GetObject() is not ReceivedBlock end || examined.GetObject() is not ReceivedBlock last)
            throw new InvalidOperationException("the position is not one of the bytes that were read");
        var unexamined = _last!.RunningIndex + _last.End - last.RunningIndex - examined.GetInteger();
        _hasUnexamined = unexamined > 0;
        Interlocked.Add(ref _lead, (int)(unexamined - _unexamined));
        _unexamined = unexamined;
        if (_first != end || consumed.GetInteger() > end.Start) _hasConsumed = true;
        while (_first != end) Release();
        end.Start = consumed.GetInteger();
        if (end.Start == end.End) Release();
        // Within a delivery it would only hold up the request; see EndReceive.
        if (Volatile.Read(ref _lead) <= LargestLead / 2 && !_isDelivering && _toMove == 0) Receive();
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        lock (_lock)
        {
            _isCanceled = _hasNews = true;
            if (!EndWait()) return;
        }
        Deliver();
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        while (_first is not null) Release();
        _hasUnexamined = false;
        ClosePipe();
    }

    /// <inheritdoc/>
    public void MayStayUnread(long length)
    {
        if (!OperatingSystem.IsLinux()) return;
        // A cancellation is for the next read to tell.
        if (_hasNews && TakeNews()) CancelPendingRead();
        for (var block = _first; block is not null; block = block.NextBlock) length -= block.End - block.Start;
        if (length >= LeastToMove) (_toMove, _small) = (length, 0);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        return _read.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private async ValueTask<ReadResult> YieldAsync(ReadResult result)
    {
        _run = 0;
        await Task.Yield();
        return result;
    }

    /// <summary>Begins to wait for a receive; false: there is news already, or nobody receives.</summary>
    private bool BeginWait()
    {
        lock (_lock) return _isAwaited = _receive == Pending && !_hasNews;
    }

    private bool EndWait()
    {
        var isAwaited = _isAwaited;
        _isAwaited = false;
        return isAwaited;
    }

    private void CancelByToken()
    {
        lock (_lock)
        {
            if (!EndWait()) return;
        }
        _read.SetException(new OperationCanceledException(_token));
    }

    /// <summary>Gives the reader what it has waited for. It goes on within this call.</summary>
    private void Deliver()
    {
        _isDelivering = true;
        try
        {
            ReadResult result;
            while (!TryRead(out result))
            {
                Receive();
                if (BeginWait())
                {
                    // A cancellation that came meanwhile found nobody who waited.
                    if (_token.IsCancellationRequested) CancelByToken();
                    return;
                }
            }
            _read.SetResult(result);
        }
        catch (Exception failure) when (failure == _failure)
        {
            _read.SetException(failure);
        }
        finally
        {
            _isDelivering = false;
        }
    }

    /// <summary>Takes what has been left to the reader.</summary>
    /// <returns>Whether its read was cancelled.</returns>
    private bool TakeNews()
    {
        ReceivedBlock? arrived;
        bool mayMove, isCanceled;
        lock (_lock)
        {
            (arrived, mayMove, isCanceled) = (_arrived, _mayMove, _isCanceled);
            (_arrived, _lastArrived, _mayMove, _isCanceled, _hasNews) = (null, null, false, false, false);
            if (_receive == Over && !_isEnded) EndWith(_broken);
        }
        while (arrived is not null)
        {
            var next = arrived.Cut();
            Append(arrived);
            arrived = next;
        }
        if (mayMove) Move(isThere: true);
        return isCanceled;
    }

    private void Append(ReceivedBlock block)
    {
        _hasUnexamined = true;
        _unexamined += block.End;
        _toMove = Math.Max(0, _toMove - block.End);
        // A client that sends byte by byte must not get a block for each.
        if (_last?.TryTake(block) == true)
        {
            GiveBack(block);
            return;
        }
        block.Follow(_last);
        _first ??= block;
        _last = block;
    }

    private void EndWith(Exception? broken) => (_isEnded, _failure) = (true, _reason ?? ReasonFor(broken));

    /// <summary>Moves what has arrived of a body into the pipe.</summary>
    /// <param name="isThere">Whether the system has said that there is something.</param>
    /// <returns>Whether there is something to read, or the end.</returns>
    private bool Move(bool isThere)
    {
        if (_toMove == 0 || _first is not null || Interlocked.CompareExchange(ref _receive, Pending, Idle) != Idle) return false;
        if (_hasNews)
        {
            // A receive has ended since the reader looked: what it has left comes before what is in the system.
            _receive = Idle;
            return true;
        }
        var after = Idle;
        try
        {
            _pipe ??= KernelPipe.Create(budget);
            var moved = _pipe?.Fill(socket.SafeHandle, _toMove);
            if (moved > 0)
            {
                var block = TakeSpare();
                block.Room = null;
                block.Fill(_pipe!.Block);
                Interlocked.Add(ref _lead, block.End);
                Append(block);
                _small = moved < LeastMoved ? _small + 1 : 0;
                if (_small > MostSmall) _toMove = 0;
                return true;
            }
            // To have been told of bytes and to find none is for the ordinary way to make sense of.
            if (moved is null && (_pipe is null || isThere)) _toMove = 0;
            if (moved is null) return false;
            EndWith(null);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            EndWith(broken);
        }
        finally
        {
            if (_isEnded) after = Over;
            _receive = after;
        }
        ended();
        return true;
    }

    private void Release()
    {
        var block = _first!;
        _first = block.Leave();
        if (_first is null) _last = null;
        if (block.Room is null)
        {
            // What is left of a block that was given up is of no use to the next one.
            if (_toMove == 0 || _pipe!.Left > 0) ClosePipe();
        }
        GiveBack(block);
    }

    private void GiveBack(ReceivedBlock block)
    {
        block.Leave();
        if (block.Room?.Length > LargestRoom)
        {
            ArrayPool<byte>.Shared.Return(block.Room);
            block.Room = null;
        }
        Interlocked.CompareExchange(ref _spare, block, null);
    }

    private ReceivedBlock TakeSpare() => Interlocked.Exchange(ref _spare, null) ?? new();

    private void ClosePipe()
    {
        _pipe?.Close();
        _pipe = null;
    }

    /// <summary>Receives until something has to be waited for, unless somebody does already.</summary>
    private void Receive()
    {
        while (BeginReceive() && Collect())
        {
        }
    }

    /// <summary>Begins to receive.</summary>
    /// <returns>Whether something was there already.</returns>
    private bool BeginReceive()
    {
        if (Volatile.Read(ref _lead) >= LargestLead || Interlocked.CompareExchange(ref _receive, Pending, Idle) != Idle) return false;
        // What is to be moved is only waited for.
        _waitsOnly = _toMove > 0 && _first is null;
        try
        {
#pragma warning disable CA2012 // The awaiter is kept and asked once, when it is complete.
            _awaiter = socket.ReceiveAsync(_waitsOnly ? default : _room.AsMemory(), SocketFlags.None).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        }
        catch (ObjectDisposedException closed)
        {
            Leave(null, closed, Over);
            return false;
        }
        if (_awaiter.IsCompleted) return true;
        _awaiter.UnsafeOnCompleted(_received ??= EndReceive);
        return false;
    }

    private void EndReceive()
    {
        // The socket is watched from here on: what could be done at once with what has come has been done.
        if (Collect()) Receive();
    }

    /// <summary>Leaves to the reader what has been received.</summary>
    /// <returns>Whether to go on.</returns>
    private bool Collect()
    {
        Exception? broken = null;
        try
        {
            var count = _awaiter.GetResult();
            if (_waitsOnly) return Leave(null, null, Idle);
            if (count > 0)
            {
                var block = Fill(count, out broken);
                return Leave(block, broken, broken is null ? Idle : Over);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            broken = failure;
        }
        return Leave(null, broken, Over);
    }

    private bool Leave(ReceivedBlock? block, Exception? broken, int next)
    {
        bool isAwaited;
        lock (_lock)
        {
            if (block is not null)
            {
                Interlocked.Add(ref _lead, block.End);
                if (_lastArrived?.TryTake(block) == true) GiveBack(block);
                else
                {
                    block.Follow(_lastArrived);
                    _arrived ??= block;
                    _lastArrived = block;
                }
            }
            _mayMove = block is null && next == Idle;
            _broken = broken;
            _hasNews = true;
            _receive = next;
            isAwaited = EndWait();
        }
        if (isAwaited) Deliver();
        if (next == Over) ended();
        // What an advance on another thread has left to this one is seen.
        Interlocked.MemoryBarrier();
        return next == Idle && _toMove == 0;
    }

    /// <summary>Puts what has been received into a block, with whatever has arrived meanwhile if the room was too small for it.</summary>
    private ReceivedBlock Fill(int count, out Exception? broken)
    {
        broken = null;
        var block = TakeSpare();
        var more = count == _room.Length ? Arrived() : 0;
        if (more == 0)
        {
            var other = block.Room;
            block.Room = _room;
            _room = other?.Length >= _room.Length ? other : new byte[_room.Length];
        }
        else
        {
            block.Room = ArrayPool<byte>.Shared.Rent(Math.Min(count + more, LargestReceive));
            _room.CopyTo(block.Room, 0);
            // The system has said that they are there, so that nobody waits.
            try { count += socket.Receive(block.Room.AsSpan(count, Math.Min(more, LargestReceive - count))); }
            catch (SocketException none) when (none.SocketErrorCode == SocketError.WouldBlock)
            {
                // The system had counted something that is not to be read.
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException) { broken = failure; }
            if (_room.Length < LargestRoom) _room = new byte[_room.Length * 2];
        }
        block.Fill(block.Room.AsMemory(0, count));
        return block;
    }

    private int Arrived()
    {
        try { return socket.Available; }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // The next receive says so.
            return 0;
        }
    }

    private static Exception? ReasonFor(Exception? failure) =>
        failure is SocketException reset && IsReset(reset.SocketErrorCode) ? new ConnectionResetException(reset.Message, reset) : failure;

    // Windows may report a reset as an aborted connection, macOS as a wrong type of protocol.
    private static bool IsReset(SocketError error) =>
        error is SocketError.ConnectionReset or SocketError.Shutdown
        || (error == SocketError.ConnectionAborted && OperatingSystem.IsWindows())
        || (error == SocketError.ProtocolType && OperatingSystem.IsMacOS());
}
