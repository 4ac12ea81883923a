using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="ServerRateLimitVerification"/> measures.</summary>
public sealed record ServerRateLimitOptions : ServerOptions
{
    /// <summary>No more connections than this from one process.</summary>
    public const int MostConnections = 10_000;

    /// <summary>What is kept of each connection is bounded; this bounds the whole: 200 s of 10,000 connections, an hour of 500.</summary>
    private const double MostConnectionSeconds = 2_000_000;

    /// <summary>The rate that each response is expected to have, bytes/s, 1 to 10 GiB/s.</summary>
    public required long Rate { get; init; }

    /// <summary>Whether <see cref="Rate"/> is that of all connections together, as under a limit of a client or of a server.</summary>
    public bool Shared { get; init; }

    /// <summary>Connections at the same time, 1 to <see cref="MostConnections"/>. Default 1.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>The error allowed to each response, as a fraction, above 0 and below 1. Default 0.01.</summary>
    public double Tolerance { get; init; } = 0.01;

    /// <summary>
    /// Bytes of each response that are left out, an initial burst: the measurement begins with the first write after them.
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
