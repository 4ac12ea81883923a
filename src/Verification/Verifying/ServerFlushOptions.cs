using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="ServerFlushVerification"/> measures.</summary>
public sealed record ServerFlushOptions
{
    /// <summary>The address, <c>http</c> or <c>https</c>, of a response that drips; or, with <see cref="Sample"/>, of the sample application.</summary>
    public required Uri Uri { get; init; }

    /// <summary>Whether the sample application answers below the address: it is asked for drips and silences.</summary>
    public bool Sample { get; init; }

    /// <summary>How long to listen to a drip, from its first byte, 1 s to 1 h. Default 10 s. The sample application's drips have a length of their own.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time between two writes, for a drip without timestamps; null: the mean that is seen.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>The 99th percentile allowed; null: whatever it is, it passes.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Header fields to send.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether any certificate will do.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>The longest single wait: to connect, for the answer, for the next piece. Default 30 s.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(30);

    internal void Check()
    {
        if (Duration < TimeSpan.FromSeconds(1) || Duration > TimeSpan.FromHours(1))
            throw new VerificationException($"A duration of {Duration.TotalSeconds:0.###} s is out of range; give 1 second to 1 hour.");
        if (Every is { } every && (every < TimeSpan.FromMilliseconds(1) || every > Duration))
            throw new VerificationException($"A drip each {every.TotalMilliseconds:0.###} ms cannot be listened to for {Duration.TotalSeconds:0.###} s; give 1 ms up to the duration.");
        ConnectionRequest.Check(Uri, Headers);
    }
}
