namespace DaemonProxy.Verification.Verifying;

/// <summary>What <see cref="FlushVerification"/> measures; on a running instance, the routes that have no rate limit.</summary>
public sealed record FlushVerificationOptions : FrontEndOptions;
