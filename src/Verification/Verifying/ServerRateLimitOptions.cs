using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="ServerRateLimitVerification"/> measures.</summary>
public sealed record ServerRateLimitOptions : ServerOptions
{
    /// <summary>The most connections from one process.</summary>
    public const int MostConnections = 10_000;

    /// <summary>
    /// Bounds the data kept in total, as the data for each connection is bounded, too: 200 s of 10,000 connections, or an hour of 500.
    /// </summary>
    private const double MostConnectionSeconds = 2_000_000;

    /// <summary>The rate expected of each response, in bytes/s, 1 to 10 GiB/s.</summary>
    public required long Rate { get; init; }

    /// <summary>What is measured: the rates of responses, the default, or of uploads by POST.</summary>
    public RateDirection Direction { get; init; }

    /// <summary>Whether <see cref="Rate"/> is the total of all connections, as under a limit for a client or a server.</summary>
    public bool Shared { get; init; }

    /// <summary>The number of simultaneous connections, 1 to <see cref="MostConnections"/>. Default 1.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>The error allowed for each response, as a fraction, above 0 and below 1. Default 0.01.</summary>
    public double Tolerance { get; init; } = 0.01;

    /// <summary>
    /// How many bytes of each response are left out, such as an initial burst: the measurement begins with the first write after them.
    /// </summary>
    public long Skip { get; init; }

    internal override void Check()
    {
        base.Check();
        if (Rate is < 1 or > 10L << 30)
            throw new VerificationException($"A rate of {Rate} bytes a second cannot be measured; give 1 byte/s to 10 GiB/s.");
        if (Connections is < 1 or > MostConnections)
            throw new VerificationException($"{Connections} connections are out of range; give 1 to {MostConnections}.");
        if (Connections * Duration.TotalSeconds > MostConnectionSeconds)
            throw new VerificationException(
                $"{Connections} connections can be measured for {MostConnectionSeconds / Connections:0} s at most; give fewer connections "
                    + "or a shorter duration.");
        if (Tolerance is <= 0 or >= 1 or double.NaN)
            throw new VerificationException($"A tolerance of {Tolerance} is out of range; give a fraction such as 0.01 for one percent.");
        if (Skip < 0)
            throw new VerificationException($"{Skip} bytes cannot be left out; give 0 or more.");
    }
}
