using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="FlushSweep"/> tries, and on which response.</summary>
public sealed record FlushSweepOptions
{
    /// <summary>The running front end.</summary>
    public required string Name { get; init; }

    /// <summary>The daemon group that serves the path; null: whichever does.</summary>
    public string? Daemon { get; init; }

    /// <summary>Path and query to request, as a client would, beginning with a slash.</summary>
    public required string Path { get; init; }

    /// <summary>How long each delay is tried, at least 1 s. Default 5 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The delays to try. Default: those of <see cref="FlushAdvisor"/>.</summary>
    public IReadOnlyList<TimeSpan> Delays { get; init; } = FlushAdvisor.Delays;

    internal void Check()
    {
        if (!Path.StartsWith('/') || Path.AsSpan().ContainsAny(' ', '\r', '\n'))
            throw new VerificationException(
                $"'{Path}' is no path to request; write what follows the address, for example /download?file=big.iso.");
        if (Duration < TimeSpan.FromSeconds(1))
            throw new VerificationException($"A delay cannot be judged in {Duration.TotalMilliseconds:0.###} ms; give 1 s or more.");
    }
}
