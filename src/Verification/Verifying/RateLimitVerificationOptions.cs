using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="RateLimitVerification"/> measures.</summary>
public sealed record RateLimitVerificationOptions
{
    /// <summary>Full path of the host, <c>daemonproxy</c>, to start an instance with; may be null when <see cref="Name"/> is given.</summary>
    public string? HostPath { get; init; }

    /// <summary>A running instance; null: start one, and measure each pacer under each flush policy side by side.</summary>
    public string? Name { get; init; }

    /// <summary>With <see cref="Name"/>: only these routes. Empty: every route that has a rate limit and the sample application behind it.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>Without <see cref="Name"/>: the rate, bytes/s, 1 KiB/s to 1 GiB/s. Default 1 MiB/s.</summary>
    public long Rate { get; init; } = 1 << 20;

    /// <summary>How long to measure, 1 s to 1 h. Default 5 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The error allowed, as a fraction, above 0 and below 1. Null: 0.01 for the token bucket, 0.02 for the interval pacer.</summary>
    public double? Tolerance { get; init; }

    internal void Check()
    {
        if (Name is null && HostPath is null)
            throw new VerificationException("There is neither a running instance's name nor a host to start one with; give one of them.");
        if (Name is null && Routes.Count > 0)
            throw new VerificationException("Routes can be chosen only of a running instance; give its name too.");
        if (Rate is < 1 << 10 or > 1 << 30)
            throw new VerificationException($"A rate of {Rate} bytes a second cannot be measured; give 1 KiB/s to 1 GiB/s.");
        if (Duration < TimeSpan.FromSeconds(1) || Duration > TimeSpan.FromHours(1))
            throw new VerificationException($"A duration of {Duration.TotalSeconds:0.###} s is out of range; give 1 second to 1 hour.");
        if (Tolerance is <= 0 or >= 1 or double.NaN)
            throw new VerificationException($"A tolerance of {Tolerance} is out of range; give a fraction such as 0.01 for one percent.");
    }
}
