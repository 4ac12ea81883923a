namespace DaemonProxy.Verification.Measuring;

/// <summary>One receive: when it returned, and the body bytes that had come by then.</summary>
/// <param name="Timestamp">In ticks of <see cref="System.Diagnostics.Stopwatch"/>.</param>
/// <param name="BodyBytes">Cumulative, without framing.</param>
internal readonly record struct Receipt(long Timestamp, long BodyBytes);
