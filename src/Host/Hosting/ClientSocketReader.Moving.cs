using System.Net.Sockets;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <content>Large bodies that stay in the system.</content>
internal sealed partial class ClientSocketReader : IUnreadBody
{
    // Of a body; a smaller one costs less when it is copied.
    private const int LeastToMove = 4 * KernelPipe.LeastBlock;

    // A client that goes on sending in smaller pieces than this is served better by a copy.
    private const int LeastMoved = 4096;
    private const int MostSmall = 16;

    private KernelPipe? _pipe;
    private long _toMove;
    private int _small;

    /// <inheritdoc/>
    public void MayStayUnread(long length)
    {
        if (!OperatingSystem.IsLinux()) return;
        // A cancellation is for the next read to tell.
        if (_hasNews && TakeNews()) CancelPendingRead();
        for (var block = _first; block is not null; block = block.NextBlock) length -= block.End - block.Start;
        if (length >= LeastToMove) (_toMove, _small) = (length, 0);
    }

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

    private void ClosePipe()
    {
        _pipe?.Close();
        _pipe = null;
    }
}
