namespace DaemonProxy.Verification.Measuring;

/// <summary>A verification that cannot be made as it was asked for; the message says what is wrong and what would be right.</summary>
public sealed class VerificationException(string message) : Exception(message);
