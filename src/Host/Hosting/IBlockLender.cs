namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The writer on a client's socket, which can send a block from its own memory. A <see cref="ResponseClient"/> writes through the server,
/// which counts and frames the bytes and asks the writer below it for memory. When a block is lent, the writer returns the block itself,
/// and nothing is copied.
/// </summary>
internal interface IBlockLender
{
    /// <summary>
    /// Lends a block, which the writer's next GetMemory returns. The block must be sent by a flush; the loan ends when that flush ends.
    /// </summary>
    /// <param name="block">The bytes, which must not change during the loan.</param>
    void Lend(ReadOnlyMemory<byte> block);

    /// <summary>
    /// Bytes that the client's system has acknowledged on this connection so far or, when that number is not available, bytes that the
    /// local system has accepted for sending.
    /// </summary>
    long Taken { get; }

    /// <summary>Bytes written on this connection that are not yet <see cref="Taken"/>.</summary>
    long Undelivered { get; }

    /// <summary>Aborts the connection, so that a flush that might never end does end and the owner gets the block back.</summary>
    void Abort();
}
