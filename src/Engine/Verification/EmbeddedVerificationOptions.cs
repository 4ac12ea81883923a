namespace DaemonProxy.Verification;

/// <summary>What <see cref="EmbeddedVerification"/> needs. It always starts instances of its own: it changes their restriction, which no running instance should suffer.</summary>
public sealed record EmbeddedVerificationOptions
{
    /// <summary>Full path of the host, <c>daemonproxy</c>.</summary>
    public required string HostPath { get; init; }
}
