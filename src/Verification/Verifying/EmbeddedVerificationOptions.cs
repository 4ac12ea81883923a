namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="EmbeddedVerification"/> needs.</summary>
public sealed record EmbeddedVerificationOptions
{
    /// <summary>Full path of the host, <c>daemonproxy</c>, for instances of its own.</summary>
    public string HostPath { get; init; } = "";

    /// <summary>
    /// A running instance to try instead, only in those states of the restriction that can be undone; null to start instances.
    /// </summary>
    public string? Name { get; init; }
}
