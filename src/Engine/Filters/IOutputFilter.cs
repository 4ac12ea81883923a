namespace DaemonProxy.Filters;

/// <summary>What follows a block on its way down the chain.</summary>
public enum Marker
{
    /// <summary>No marker: each filter may hold the block.</summary>
    None,

    /// <summary>A flush: each filter must send on everything it holds.</summary>
    Flush,
}

/// <summary>
/// A filter in the output filter chain. It receives blocks of bytes, each optionally followed by a flush, and finally the last block. A
/// filter may hold bytes until a <see cref="Marker.Flush"/> or the end. Backpressure works through the awaited task.
/// </summary>
public interface IOutputFilter
{
    /// <summary>The bytes that this filter and those below it hold and have not sent; the runaway guard counts these.</summary>
    long Held { get; }

    /// <summary>
    /// What a flush costs a response in this filter and those below it, however few bytes it forces out: an interval of a pacer that waits
    /// for full writes, or the work of a frame. Zero: nothing.
    /// </summary>
    TimeSpan FlushCost => TimeSpan.Zero;

    /// <summary>
    /// The bytes of a full write, if this filter or one below it waits for one and stops reading while it sleeps; otherwise 0.
    /// </summary>
    long FullWrite => 0;

    /// <summary>
    /// Whether this filter and those below it pass large blocks on in large pieces without a look at their bytes, which may then be in a
    /// <see cref="Platform.KernelPipe"/>.
    /// </summary>
    bool PassesUnread => false;

    /// <summary>Takes a block. When the returned task has completed, the caller may reuse the memory. One call at a time.</summary>
    /// <param name="block">The bytes; may be empty when only the marker matters.</param>
    /// <param name="marker">What follows the bytes.</param>
    /// <param name="cancellationToken">Ends the wait for room or time when the response is given up.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken);

    /// <summary>Takes the last block of a complete response and sends on everything held. No call may follow.</summary>
    /// <param name="last">The bytes; may be empty.</param>
    /// <param name="trailers">The trailer fields that end the response.</param>
    /// <param name="cancellationToken">Ends the wait for room or time when the response is given up.</param>
    ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken);
}
