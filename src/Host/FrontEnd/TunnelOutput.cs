using DaemonProxy.Filters;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The end of an upgraded connection's chain in one direction: passes the output of the pacing filters to the other side at once.
/// </summary>
/// <param name="side">The other side.</param>
/// <param name="passed">Receives the number of bytes passed.</param>
internal sealed class TunnelOutput(Stream side, Action<int> passed) : IOutputFilter
{
    /// <inheritdoc/>
    public long Held => 0;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        if (block.IsEmpty) return;
        await side.WriteAsync(block, cancellationToken);
        passed(block.Length);
    }

    /// <inheritdoc/>
    /// <remarks>The tunnel, not this output, ends the connection.</remarks>
    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
        WriteAsync(last, Marker.Flush, cancellationToken);
}
