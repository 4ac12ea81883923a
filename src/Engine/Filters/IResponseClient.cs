using System.IO.Pipelines;

namespace DaemonProxy.Filters;

/// <summary>
/// The client of one response, as <see cref="CoreOutput"/> sees it: it frames the body, and it alone ends a response, well or not. A send
/// has ended when the server has room for more, and says whether the client has left (<see cref="FlushResult.IsCompleted"/>). One send at a
/// time, and nothing is written meanwhile.
/// </summary>
public interface IResponseClient
{
    /// <summary>
    /// Whether a block that is large enough is sent from where it lies, however large. Otherwise a send takes at most
    /// <see cref="CoreOutput.LargestWrite"/> bytes.
    /// </summary>
    bool SendsInPlace { get; }

    /// <summary>
    /// Bytes that were written on this connection and that the client's system has not acknowledged yet, as far as that is known; after an
    /// abort, those that were lost by it.
    /// </summary>
    long Undelivered { get; }

    /// <summary>Takes a piece of the body, which leaves with the next send.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Sends what was written, followed by a block of the body.</summary>
    /// <param name="block">The block, which must not change until the send has ended; empty: there is none.</param>
    ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block);

    /// <summary>Sends what was written, the last block of the body, and what tells the client that it is complete.</summary>
    /// <param name="last">The block, as in <see cref="SendAsync"/>.</param>
    /// <param name="trailers">The trailer fields.</param>
    ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers);

    /// <summary>
    /// Breaks the response off, so that it cannot be taken for complete. What is undelivered is lost, and a send that is under way ends.
    /// </summary>
    void Abort();
}
