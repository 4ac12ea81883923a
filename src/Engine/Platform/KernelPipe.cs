using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DaemonProxy.Platform;

/// <summary>
/// A block of bytes on its way from one socket to another inside the system, which nobody has to look at (splice(2), Linux). It is memory
/// like any other to whoever does not know better: the first look at it reads the bytes into this process. Who knows sends it with
/// <see cref="Empty"/>. A block is taken from its beginning to its end; each byte is either sent or read, once.
/// </summary>
internal sealed unsafe class KernelPipe : MemoryManager<byte>
{
    /// <summary>
    /// Bytes that a pipe is asked to hold: what a Unix socket holds, and a small part of what all pipes of a user without privileges may
    /// hold together (64 MiB; pipe(7), pipe-user-pages-soft).
    /// </summary>
    public const int Capacity = 262_144;

    /// <summary>
    /// Bytes below which a block is not worth moving, because a copy costs less: the size of an ordinary pipe. Pipes beyond what a user may
    /// have hold a page or two.
    /// </summary>
    public const int LeastBlock = 65_536;

    private const int LargestPiece = 4096;
    private const int SetPipeSize = 1031;
    private const int GetPipeSize = 1032;
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int MovesPages = 1;
    private const int DoesNotBlock = 2;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    // EPERM, ENOMEM, EINVAL, ENOSYS, EOPNOTSUPP: this socket or this system does not splice.
    private static readonly int[] Refusals = [1, 12, 22, 38, 95];

    private readonly SafeFileHandle _readEnd;
    private readonly SafeFileHandle _writeEnd;
    private readonly ConnectionBudget? _budget;
    private byte[]? _read;
    private byte[]? _piece;
    private int _length;
    private int _taken;
    private bool _isFromSet;
    private SafeSocketHandle? _to;

    private KernelPipe(SafeFileHandle readEnd, SafeFileHandle writeEnd, int capacity, ConnectionBudget? budget)
    {
        _readEnd = readEnd;
        _writeEnd = writeEnd;
        _budget = budget;
        Size = capacity;
    }

    /// <summary>The most bytes of a block.</summary>
    public int Size { get; }

    /// <summary>The block.</summary>
    public ReadOnlyMemory<byte> Block => CreateMemory(_length);

    /// <summary>Bytes of the block that have been neither sent nor read.</summary>
    public int Left => _read is null ? _length - _taken : 0;

    /// <summary>Makes a pipe; null where there is none to be had, or only one that holds too little.</summary>
    /// <param name="budget">Counts its two descriptors; null: nobody does.</param>
    public static KernelPipe? Create(ConnectionBudget? budget)
    {
        if (!OperatingSystem.IsLinux() || budget?.TryTakePipe() == false) return null;
        var ends = stackalloc int[2];
        if (SystemCalls.CreatePipe(ends, NonBlocking | CloseOnExec) == 0)
        {
            var size = SystemCalls.ControlDescriptor(ends[1], SetPipeSize, Capacity);
            if (size < 0) size = SystemCalls.ControlDescriptor(ends[1], GetPipeSize, 0);
            var pipe = new KernelPipe(new(ends[0], ownsHandle: true), new(ends[1], ownsHandle: true), size, budget);
            if (size >= LeastBlock) return pipe;
            pipe.Close();
            return null;
        }
        budget?.ReturnPipe();
        return null;
    }

    /// <summary>Finds the pipe that a block is in.</summary>
    /// <param name="memory">The block, or a part of it.</param>
    /// <param name="pipe">The pipe.</param>
    /// <param name="start">Where in the pipe's block the part begins.</param>
    /// <returns>False: it is ordinary memory, or has become that because somebody has looked at it.</returns>
    public static bool TryFind(ReadOnlyMemory<byte> memory, out KernelPipe pipe, out int start) =>
        MemoryMarshal.TryGetMemoryManager(memory, out pipe!, out start, out _) && pipe._read is null;

    /// <summary>Moves what a socket has received into the pipe, as its next block. The block before has to be taken.</summary>
    /// <param name="from">The socket.</param>
    /// <param name="most">The most bytes to move, &gt; 0.</param>
    /// <returns>The bytes of the block; 0: the other side has ended; null: there is nothing at this instant, or this socket cannot do
    /// it.</returns>
    /// <exception cref="InvalidOperationException">The block before has not been taken.</exception>
    /// <exception cref="SocketException">The connection is broken, which the system tells only once.</exception>
    public int? Fill(SafeSocketHandle from, long most)
    {
        if (Left > 0) throw new InvalidOperationException($"{Left} bytes of the block before are still in the pipe");
        ReturnCopy();
        if (!_isFromSet) _isFromSet = TrySetNonBlocking(from);
        _length = _taken = 0;
        var moved = Move(from, _writeEnd, (nuint)Math.Min(most, Size));
        if (moved < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == TryAgain || Refusals.Contains(error)) return null;
            throw new SocketException((int)ErrorOf(error), Marshal.GetPInvokeErrorMessage(error));
        }
        _length = moved;
        return moved;
    }

    /// <summary>Moves a part of the block into a socket.</summary>
    /// <param name="to">The socket.</param>
    /// <param name="start">Where the part begins in the block: where the part before has ended.</param>
    /// <param name="count">Its bytes, &gt; 0.</param>
    /// <returns>The bytes that the socket has taken; 0: it has no room at this instant, or has ended.</returns>
    /// <exception cref="InvalidOperationException">The part does not begin where the part before has ended.</exception>
    public int Empty(SafeSocketHandle to, int start, int count)
    {
        RequireNext(start);
        if (!ReferenceEquals(_to, to) && TrySetNonBlocking(to)) _to = to;
        var moved = Math.Max(0, Move(_readEnd, to, (nuint)count));
        _taken += moved;
        return moved;
    }

    /// <summary>Moves a part of the block into a socket, and waits until it has taken some of it.</summary>
    /// <param name="to">The socket.</param>
    /// <param name="start">Where the part begins in the block: where the part before has ended.</param>
    /// <param name="count">Its bytes, &gt; 0.</param>
    /// <param name="cancellationToken">Ends the wait; the block is of no use afterwards.</param>
    /// <returns>The bytes that the socket has taken.</returns>
    /// <exception cref="SocketException">The socket takes no more.</exception>
    public ValueTask<int> SendAsync(Socket to, int start, int count, CancellationToken cancellationToken)
    {
        if (Empty(to.SafeHandle, start, count) is > 0 and var moved) return new(moved);
        // The runtime can wait for room only with something to send: a small piece, which it sends whole.
        var piece = (_piece ??= new byte[LargestPiece]).AsMemory(0, Math.Min(count, LargestPiece));
        Read(start, piece.Span);
        return to.SendAsync(piece, SocketFlags.None, cancellationToken);
    }

    /// <summary>Reads the beginning of a part of the block.</summary>
    /// <param name="start">Where the part begins.</param>
    /// <param name="into">Receives the bytes; not longer than the part.</param>
    /// <exception cref="InvalidOperationException">The part does not begin where the part before has ended.</exception>
    public void Read(int start, Span<byte> into)
    {
        RequireNext(start);
        while (!into.IsEmpty)
        {
            nint count;
            fixed (byte* bytes = into)
            {
                do count = SystemCalls.ReadDescriptor(_readEnd, bytes, (nuint)into.Length);
                while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            }
            if (count <= 0) throw new IOException($"a pipe lacks {into.Length} of its bytes: error {Marshal.GetLastPInvokeError()}");
            _taken += (int)count;
            into = into[(int)count..];
        }
    }

    /// <inheritdoc/>
    public override Memory<byte> Memory => CreateMemory(_length);

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        if (_read is null)
        {
            var copy = ArrayPool<byte>.Shared.Rent(Math.Max(1, _length));
            Read(_taken, copy.AsSpan(_taken, _length - _taken));
            _read = copy;
        }
        return _read.AsSpan(0, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        GetSpan();
        var handle = GCHandle.Alloc(_read, GCHandleType.Pinned);
        return new((byte*)handle.AddrOfPinnedObject() + elementIndex, handle);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Closes the pipe; what is in it is lost.</summary>
    public void Close() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_readEnd.IsClosed) return;
        _readEnd.Dispose();
        _writeEnd.Dispose();
        // Whoever broke the response off may still be reading it: it is left to the garbage collector.
        _read = null;
        _budget?.ReturnPipe();
    }

    private void RequireNext(int start)
    {
        if (start != _taken) throw new InvalidOperationException($"byte {start} of a block was asked for, and {_taken} is the next");
    }

    private void ReturnCopy()
    {
        if (_read is not null) ArrayPool<byte>.Shared.Return(_read);
        _read = null;
    }

    private static SocketError ErrorOf(int error) => error switch
    {
        32 => SocketError.Shutdown,
        104 => SocketError.ConnectionReset,
        110 => SocketError.TimedOut,
        _ => SocketError.SocketError,
    };

    private static int Move(SafeHandle from, SafeHandle to, nuint most)
    {
        nint moved;
        do moved = SystemCalls.MoveBytes(from, null, to, null, most, MovesPages | DoesNotBlock);
        while (moved < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return (int)moved;
    }

    // The runtime does so itself, but not before an operation has to wait.
    private static bool TrySetNonBlocking(SafeSocketHandle socket)
    {
        var isHeld = false;
        try
        {
            socket.DangerousAddRef(ref isHeld);
            var descriptor = (int)socket.DangerousGetHandle();
            return SystemCalls.ControlDescriptor(
                descriptor, SetFlags, SystemCalls.ControlDescriptor(descriptor, GetFlags, 0) | NonBlocking) == 0;
        }
        finally
        {
            if (isHeld) socket.DangerousRelease();
        }
    }
}
