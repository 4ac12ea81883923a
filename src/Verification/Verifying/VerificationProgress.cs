namespace DaemonProxy.Verification.Verifying;

/// <summary>How far a verification has come.</summary>
/// <param name="Activity">What is being done, for a person.</param>
/// <param name="Fraction">0 to 1.</param>
public sealed record VerificationProgress(string Activity, double Fraction);
