namespace DaemonProxy.Filters;

/// <summary>What stands behind a block on its way down the chain.</summary>
public enum Marker
{
    /// <summary>Nothing: each filter may hold the block.</summary>
    None,

    /// <summary>A flush: each filter must send on everything it holds.</summary>
    Flush,

    /// <summary>The end of the response: a flush behind which nothing follows, so that the last room may leave sending to whoever ends the response.</summary>
    End,
}

/// <summary>
/// A room in the output filter chain (design.md). The whole contract: here are bytes, maybe with a marker behind them.
/// A filter may hold bytes until a <see cref="Marker.Flush"/> or <see cref="Marker.End"/>. Backpressure is the awaited return.
/// </summary>
public interface IOutputFilter
{
    /// <summary>Bytes that this filter and those below it hold and have not sent: what the runaway guard counts.</summary>
    long Held { get; }

    /// <summary>
    /// The shortest flush deadline that costs this filter and those below it no rate: two intervals of a pacer that waits for full writes, for it takes up to one to gather
    /// such a write, and each that is forced out short costs one. Zero: any deadline will do.
    /// </summary>
    TimeSpan LeastDeadline => TimeSpan.Zero;

    /// <summary>Takes a block. When the returned task has completed, the caller may reuse the memory. One call at a time.</summary>
    /// <param name="block">The bytes; may be empty, when only the marker matters.</param>
    /// <param name="marker">What stands behind the bytes.</param>
    /// <param name="cancellationToken">Ends the wait for room or time, when the response is given up.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken);
}
