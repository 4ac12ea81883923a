using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
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
internal sealed partial class ClientSocketReader(Socket socket, ConnectionBudget? budget, Action ended)
    : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>The most bytes received at a time.</summary>
    public const int LargestReceive = 65_536;

    /// <summary>How far a client may get ahead of the reader, bytes.</summary>
    public const int LargestLead = 262_144;

    // Reads of a client that has always sent more already, after which others on its thread have their turn.
    private const int LongestRun = 256;

    // States of receiving.
    private const int Idle = 0;
    private const int Pending = 1;
    private const int Over = 2;

    private readonly Lock _lock = new();
    private volatile int _receive;
    private Exception? _reason;

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
    private long _unexamined;
    private bool _isEnded;
    private Exception? _failure;
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
        if (_unexamined == 0 && !_isEnded && !isCanceled)
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
        _unexamined = 0;
        ClosePipe();
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
}
