namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The writer at a client's socket, which can send a block from where it lies. A <see cref="ResponseClient"/> writes through the server,
/// which counts and frames what passes and asks the writer below it for the memory to put it in: with a block lent, the writer answers with
/// the block itself, and nothing is copied.
/// </summary>
internal interface IBlockLender
{
    /// <summary>
    /// Lends a block: it is what the writer's next GetMemory gives out. It has to be sent by a flush, whose end is the loan's.
    /// </summary>
    /// <param name="block">The bytes, which must not change until then.</param>
    void Lend(ReadOnlyMemory<byte> block);

    /// <summary>
    /// Bytes that the client's system has acknowledged on this connection so far; where that cannot be known, those that ours has taken to
    /// send.
    /// </summary>
    long Taken { get; }

    /// <summary>Bytes that were written on this connection and are not <see cref="Taken"/>.</summary>
    long Undelivered { get; }

    /// <summary>Breaks the connection off, so that a flush which may never end does end, and the block is its owner's again.</summary>
    void Abort();
}
