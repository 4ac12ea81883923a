using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="RateLimitVerification"/> measures; on a running instance, the routes that have a rate limit.</summary>
public sealed record RateLimitVerificationOptions : FrontEndOptions
{
    /// <summary>The rate if there is no <see cref="FrontEndOptions.Name"/>, in bytes/s, 1 KiB/s to 1 GiB/s. Default 1 MiB/s.</summary>
    public long Rate { get; init; } = 1 << 20;

    /// <summary>What is measured: the rates of responses, the default, or of uploads.</summary>
    public RateDirection Direction { get; init; }

    /// <summary>How long to measure, 1 s to 1 h. Default 5 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The error allowed, as a fraction, above 0 and below 1. Null: 0.01 for the token bucket, 0.02 for the interval pacer.
    /// </summary>
    public double? Tolerance { get; init; }

    internal override void Check()
    {
        base.Check();
        if (Rate is < 1 << 10 or > 1 << 30)
            throw new VerificationException($"A rate of {Rate} bytes a second cannot be measured; give 1 KiB/s to 1 GiB/s.");
        if (Duration < TimeSpan.FromSeconds(1) || Duration > TimeSpan.FromHours(1))
            throw new VerificationException($"A duration of {Duration.TotalSeconds:0.###} s is out of range; give 1 second to 1 hour.");
        if (Tolerance is <= 0 or >= 1 or double.NaN)
            throw new VerificationException($"A tolerance of {Tolerance} is out of range; give a fraction such as 0.01 for one percent.");
    }
}
