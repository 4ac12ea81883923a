using DaemonProxy.Filters;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The last room of an upgraded connection's chain in one direction: what comes out of the pacing filters goes to the other side at once.
/// </summary>
/// <param name="side">That side.</param>
/// <param name="passed">Told how many bytes it took.</param>
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
    /// <remarks>The connection's end is the tunnel's.</remarks>
    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
        WriteAsync(last, Marker.Flush, cancellationToken);
}
