using System.IO.Pipelines;

namespace DaemonProxy.Filters;

/// <summary>
/// The client of one response, as <see cref="CoreOutput"/> sees it: it frames the body, and only it ends a response, whether normally or by
/// breaking it off. A send completes when the server has room for more, and its result says whether the client has left
/// (<see cref="FlushResult.IsCompleted"/>). Only one send may be under way at a time, and nothing may be written meanwhile.
/// </summary>
public interface IResponseClient
{
    /// <summary>
    /// Whether a sufficiently large block, of any size, is sent in place without being copied. Otherwise a send accepts at most
    /// <see cref="CoreOutput.LargestWrite"/> bytes.
    /// </summary>
    bool SendsInPlace { get; }

    /// <summary>
    /// The bytes written to this connection that the client's system has not acknowledged yet, as far as that is known; after an abort, the
    /// bytes that the abort lost.
    /// </summary>
    long Undelivered { get; }

    /// <summary>Whether each send becomes a TLS record or an HTTP/2 frame of its own, which costs both ends work.</summary>
    bool IsFramed { get; }

    /// <summary>Takes a piece of the body, which is sent with the next send.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Sends what was written, followed by a block of the body.</summary>
    /// <param name="block">The block, which must not change until the send has completed; empty: there is none.</param>
    ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block);

    /// <summary>Sends what was written, the last block of the body, and whatever tells the client that the body is complete.</summary>
    /// <param name="last">The block, as in <see cref="SendAsync"/>.</param>
    /// <param name="trailers">The trailer fields.</param>
    ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers);

    /// <summary>
    /// Breaks the response off, so that it cannot be taken for complete. Undelivered bytes are lost, and a send under way ends.
    /// </summary>
    void Abort();
}
