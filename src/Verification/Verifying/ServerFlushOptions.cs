using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// What <see cref="ServerFlushVerification"/> measures: a dripping response, by default for 10 s, with at most 30 s between two pieces. The
/// sample application's drips have a fixed length.
/// </summary>
public sealed record ServerFlushOptions : ServerOptions
{
    /// <summary>Creates options with the default values.</summary>
    public ServerFlushOptions() => (Duration, WaitLimit) = (TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));

    /// <summary>Whether the sample application answers below the address; if so, it is asked for drips and silences.</summary>
    public bool Sample { get; init; }

    /// <summary>The time between two writes, for a drip without timestamps; null for the observed mean.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>The highest 99th percentile allowed; null to accept any.</summary>
    public TimeSpan? Limit { get; init; }

    internal override void Check()
    {
        base.Check();
        if (Every is { } every && (every < TimeSpan.FromMilliseconds(1) || every > Duration))
            throw new VerificationException(
                $"A drip each {every.TotalMilliseconds:0.###} ms cannot be listened to for {Duration.TotalSeconds:0.###} s; give 1 ms up "
                + "to the duration.");
    }
}
