namespace DaemonProxy.Verification.Verifying;

/// <summary>The progress of a verification.</summary>
/// <param name="Activity">What is being done, as text for people.</param>
/// <param name="Fraction">0 to 1.</param>
public sealed record VerificationProgress(string Activity, double Fraction);
