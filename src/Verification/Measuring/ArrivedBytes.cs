namespace DaemonProxy.Verification.Measuring;

/// <summary>Body bytes that had arrived by a time.</summary>
/// <param name="Time">Since the first byte arrived.</param>
/// <param name="Bytes">Since the first byte, cumulative.</param>
public readonly record struct ArrivedBytes(TimeSpan Time, long Bytes);
