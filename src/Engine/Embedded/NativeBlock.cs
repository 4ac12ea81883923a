using System.Buffers;

namespace DaemonProxy.Embedded;

/// <summary>
/// Memory of Python's that is read or written in place, for the duration of one call. Afterwards nobody may use it: who tries to gets an
/// exception in place of what lies there by then.
/// </summary>
internal sealed unsafe class NativeBlock : MemoryManager<byte>
{
    private byte* _start;
    private int _length;
    private int _isLent;

    /// <summary>Lends memory; it has to stay where it is until <see cref="TakeBack"/>.</summary>
    /// <param name="start">Its first byte.</param>
    /// <param name="length">Its length, bytes, &gt;= 0.</param>
    /// <exception cref="InvalidOperationException">
    /// It is lent already: an application uses its request in two threads. Whoever gets this has nothing to take back.
    /// </exception>
    public Memory<byte> Lend(byte* start, int length)
    {
        if (Interlocked.Exchange(ref _isLent, 1) != 0)
            throw new InvalidOperationException("two threads of the application read a request or write its response at a time");
        _start = start;
        _length = length;
        return CreateMemory(length);
    }

    /// <summary>Ends the loan.</summary>
    public void TakeBack()
    {
        _start = null;
        _length = 0;
        Volatile.Write(ref _isLent, 0);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() =>
        _start is not null ? new(_start, _length) : throw new ObjectDisposedException(nameof(NativeBlock));

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) =>
        _start is not null ? new(_start + elementIndex) : throw new ObjectDisposedException(nameof(NativeBlock));

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => TakeBack();
}
