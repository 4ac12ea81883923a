namespace DaemonProxy.Verification.Measuring;

/// <summary>A verification is not possible as requested; the message says what is wrong and what would be right.</summary>
public sealed class VerificationException(string message) : Exception(message);
