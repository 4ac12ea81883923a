namespace DaemonProxy.Filters;

/// <summary>What follows a block on its way down the chain.</summary>
public enum Marker
{
    /// <summary>Nothing: each filter may hold the block.</summary>
    None,

    /// <summary>A flush: each filter must send on everything it holds.</summary>
    Flush,
}

/// <summary>
/// A room in the output filter chain. The whole contract: here are bytes, maybe with a flush after them, and here are the last.
/// A filter may hold bytes until a <see cref="Marker.Flush"/> or the end. Backpressure is the awaited return.
/// </summary>
public interface IOutputFilter
{
    /// <summary>Bytes that this filter and those below it hold and have not sent: what the runaway guard counts.</summary>
    long Held { get; }

    /// <summary>
    /// The shortest flush deadline that costs this filter and those below it no rate: two intervals of a pacer that waits for full writes,
    /// for it takes up to one to gather such a write, and each that is forced out short costs one. Zero: any deadline will do.
    /// </summary>
    TimeSpan LeastDeadline => TimeSpan.Zero;

    /// <summary>Takes a block. When the returned task has completed, the caller may reuse the memory. One call at a time.</summary>
    /// <param name="block">The bytes; may be empty, when only the marker matters.</param>
    /// <param name="marker">What follows the bytes.</param>
    /// <param name="cancellationToken">Ends the wait for room or time, when the response is given up.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken);

    /// <summary>Takes the last block of a complete response and sends on everything that is held. Nothing follows it.</summary>
    /// <param name="last">The bytes; may be empty.</param>
    /// <param name="trailers">The trailer fields that end the response.</param>
    /// <param name="cancellationToken">Ends the wait for room or time, when the response is given up.</param>
    ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken);
}
