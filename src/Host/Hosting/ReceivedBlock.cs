using System.Buffers;

namespace DaemonProxy.Host.Hosting;

/// <summary>Bytes that a client has sent: a link of the chain that a reader hands out.</summary>
internal sealed class ReceivedBlock : ReadOnlySequenceSegment<byte>
{
    /// <summary>The array that the bytes are in; null: there is none, or they are in a pipe of the system's.</summary>
    public byte[]? Room { get; set; }

    /// <summary>Bytes at the beginning that have been consumed.</summary>
    public int Start { get; set; }

    /// <summary>Bytes that the block holds, with those that have been consumed.</summary>
    public int End => Memory.Length;

    /// <summary>The block that was received after this one; null: none has been.</summary>
    public ReceivedBlock? NextBlock => (ReceivedBlock?)Next;

    /// <summary>Fills the block, which is not part of a chain.</summary>
    public void Fill(ReadOnlyMemory<byte> bytes) => (Memory, Start) = (bytes, 0);

    /// <summary>Puts the block after another one, or at the beginning of a chain.</summary>
    public void Follow(ReceivedBlock? before)
    {
        RunningIndex = before is null ? 0 : before.RunningIndex + before.End;
        before?.Next = this;
    }

    /// <summary>Takes in the bytes of a block that was received after this one, if there is room. Those that it has stay where they are.</summary>
    /// <returns>Whether it has; the other block is free then.</returns>
    public bool TryTake(ReceivedBlock next)
    {
        if (Room is null || next.Room is null || Room.Length - End < next.End) return false;
        next.Memory.Span.CopyTo(Room.AsSpan(End));
        Memory = Room.AsMemory(0, End + next.End);
        return true;
    }

    /// <summary>Ends the chain at this block.</summary>
    /// <returns>The block that was after it; null: none.</returns>
    public ReceivedBlock? Cut()
    {
        var next = NextBlock;
        Next = null;
        return next;
    }

    /// <summary>Takes the block, which is the first, out of its chain.</summary>
    /// <returns>The block after it; null: it was the last.</returns>
    public ReceivedBlock? Leave()
    {
        var next = NextBlock;
        (Next, Memory) = (null, default);
        return next;
    }
}
