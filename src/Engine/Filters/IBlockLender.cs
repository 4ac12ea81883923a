namespace DaemonProxy.Filters;

/// <summary>
/// The writer at a client's socket, which can send a block from where it lies. <see cref="CoreOutput"/> writes through the server, which counts and frames what
/// passes and asks the writer below it for the memory to put it in: with a block lent, the writer answers with the block itself, and nothing is copied.
/// </summary>
public interface IBlockLender
{
    /// <summary>Lends a block: it is what the writer's next GetMemory gives out. It has to be sent by a flush, whose end is the loan's.</summary>
    /// <param name="block">The bytes, which must not change until then.</param>
    void Lend(ReadOnlyMemory<byte> block);

    /// <summary>Bytes that the system has taken on this connection so far: whether a client takes anything shows here before a large block is through.</summary>
    long Taken { get; }

    /// <summary>Breaks the connection off, so that a flush which may never end does end, and the block is its owner's again.</summary>
    void Abort();
}
