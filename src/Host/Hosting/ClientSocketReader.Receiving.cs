using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace DaemonProxy.Host.Hosting;

/// <content>Receiving: by whoever owns the socket at the time, which need not be the reader's thread.</content>
internal sealed partial class ClientSocketReader
{
    // A request that fits is received by the call that waited for it. The room grows for a client that sends larger ones.
    private const int SmallestRoom = 256;
    private const int LargestRoom = 1024;

    private Action? _received;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _awaiter;
    private byte[] _room = new byte[SmallestRoom];
    private bool _waitsOnly;

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
