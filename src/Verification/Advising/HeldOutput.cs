using DaemonProxy.Filters;

namespace DaemonProxy.Verification.Advising;

/// <summary>
/// The top of an output chain that records how long the oldest byte of each flush had waited for it, exactly, where the front end counts it
/// in buckets (WritingStatus.Holds).
/// </summary>
/// <param name="next">The chain.</param>
/// <param name="time">The clock.</param>
internal sealed class HeldOutput(IOutputFilter next, VirtualTime time) : IOutputFilter
{
    private readonly List<TimeSpan> _times = [];
    private TimeSpan _since;

    /// <summary>One time for each flush in the middle of the response that had something to send.</summary>
    public IReadOnlyList<TimeSpan> Times => _times;

    /// <inheritdoc/>
    public long Held => next.Held;

    /// <inheritdoc/>
    public TimeSpan FlushCost => next.FlushCost;

    /// <inheritdoc/>
    public long FullWrite => next.FullWrite;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        var before = next.Held;
        if (marker == Marker.Flush && before > 0)
            _times.Add(time.Now - _since);
        await next.WriteAsync(block, marker, cancellationToken).ConfigureAwait(false);
        // The oldest bytes leave first: if any have left, what is held now has just come.
        if (before == 0 || next.Held < before + block.Length)
            _since = time.Now;
    }

    /// <inheritdoc/>
    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
        next.EndAsync(last, trailers, cancellationToken);
}
