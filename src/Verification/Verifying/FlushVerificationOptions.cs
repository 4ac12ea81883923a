using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="FlushVerification"/> measures.</summary>
public sealed record FlushVerificationOptions
{
    /// <summary>Full path of the host, <c>daemonproxy</c>, to start an instance with; may be null when <see cref="Name"/> is given.</summary>
    public string? HostPath { get; init; }

    /// <summary>A running instance; null: start one, and compare the default policy with the original's rules.</summary>
    public string? Name { get; init; }

    /// <summary>With <see cref="Name"/>: only these routes. Empty: every route that has no rate limit and the sample application behind it.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    internal void Check()
    {
        if (Name is null && HostPath is null)
            throw new VerificationException("There is neither a running instance's name nor a host to start one with; give one of them.");
        if (Name is null && Routes.Count > 0)
            throw new VerificationException("Routes can be chosen only of a running instance; give its name too.");
    }
}
