using System.Threading.RateLimiting;

namespace DaemonProxy.Pacing;

/// <summary>The lease of a <see cref="ByteRateLimiter"/>. Disposing it returns nothing, because sent bytes cannot be taken back.</summary>
internal sealed class ByteLease(bool acquired) : RateLimitLease
{
    public static readonly RateLimitLease Granted = new ByteLease(true);
    public static readonly RateLimitLease Refused = new ByteLease(false);

    public override bool IsAcquired => acquired;

    public override IEnumerable<string> MetadataNames => [];

    public override bool TryGetMetadata(string metadataName, out object? metadata)
    {
        metadata = null;
        return false;
    }
}
