using System.Threading.RateLimiting;

namespace DaemonProxy.Filters;

/// <summary>
/// The default pacer: many small writes, each when its bytes are due. It counts bytes, not writes, so a flush costs nothing;
/// it holds nothing back; and it holds no thread while it waits.
/// </summary>
/// <param name="limiter">The limiter that every byte goes through.</param>
/// <param name="rate">Bytes a second, which sizes the writes.</param>
public sealed class TokenBucketPacer(RateLimiter limiter, long rate) : IPacer
{
    /// <summary>20 ms worth, but at least 512 bytes, below which headers outweigh the data, and at most 64 KiB, above which a write only costs memory.</summary>
    public long WriteSize { get; } = Math.Clamp(rate / 50, 512, 65_536);

    /// <inheritdoc/>
    public bool FullWrites => false;

    /// <inheritdoc/>
    public bool FlushesWrites => false;

    /// <inheritdoc/>
    public void BeginCall()
    {
        // Time is counted by deadlines, not by calls.
    }

    /// <inheritdoc/>
    public ValueTask PaceAsync(int bytes, CancellationToken cancellationToken)
    {
        var lease = limiter.AcquireAsync(bytes, cancellationToken);
        return lease.IsCompletedSuccessfully ? Take(lease.Result) : AwaitAsync(lease);

        static ValueTask Take(RateLimitLease lease)
        {
            lease.Dispose();
            return ValueTask.CompletedTask;
        }

        static async ValueTask AwaitAsync(ValueTask<RateLimitLease> lease) => (await lease.ConfigureAwait(false)).Dispose();
    }
}
