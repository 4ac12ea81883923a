using System.IO.Pipelines;
using DaemonProxy.Filters;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Advising;

/// <summary>A client that takes everything at once, and counts the writes to it.</summary>
/// <param name="time">The clock.</param>
/// <param name="isFramed">Whether each write is a TLS record or an HTTP/2 frame.</param>
internal sealed class CountingClient(VirtualTime time, bool isFramed) : IResponseClient
{
    private readonly List<ArrivedBytes> _arrivals = [];
    private TimeSpan _first;
    private long _gathered;

    /// <inheritdoc/>
    public bool SendsInPlace => true;

    /// <inheritdoc/>
    public long Undelivered => 0;

    /// <inheritdoc/>
    public bool IsFramed => isFramed;

    /// <summary>The writes so far.</summary>
    public IReadOnlyList<ArrivedBytes> Arrivals => _arrivals;

    /// <summary>The bytes so far.</summary>
    public long Bytes => _arrivals.Count == 0 ? 0 : _arrivals[^1].Bytes;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _gathered += bytes.Length;

    /// <inheritdoc/>
    public ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block)
    {
        if (_gathered + block.Length > 0)
        {
            if (_arrivals.Count == 0)
                _first = time.Now;
            _arrivals.Add(new ArrivedBytes(time.Now - _first, Bytes + _gathered + block.Length));
        }

        _gathered = 0;
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers) =>
        SendAsync(last);

    /// <inheritdoc/>
    public void Abort()
    {
    }
}
