namespace DaemonProxy.Statistics;

/// <summary>A time during which the relay had nothing to read in the middle of a response's body.</summary>
/// <param name="Duration">How long it lasted until more data came or the response ended.</param>
/// <param name="BytesBefore">The bytes that came since the previous dry spell, &gt; 0.</param>
/// <param name="BytesAfter">The bytes that came before the next one; those before it again if the response ended instead.</param>
public readonly record struct DrySpell(TimeSpan Duration, long BytesBefore, long BytesAfter)
{
    /// <summary>
    /// How long <see cref="BytesBefore"/> were coming if the relay had to wait for its output meanwhile, and did not see in how many writes
    /// they came; otherwise zero.
    /// </summary>
    public TimeSpan Gathering { get; init; }

    /// <summary>
    /// The rate, in bytes per second, that separates a transfer from an idle stream: 64 KiB/s, the slowest that anybody would call a
    /// download and far more than events, log lines or a chat make.
    /// </summary>
    public const long SlowestTransfer = 65_536;

    /// <summary>
    /// A stall if the bytes on its poorer side, spread over it, would still be a transfer: 330 bytes for 5 ms. Otherwise a pause.
    /// </summary>
    public DrySpellKind Kind =>
        Math.Min(BytesBefore, BytesAfter) >= Duration.TotalSeconds * SlowestTransfer ? DrySpellKind.Stall : DrySpellKind.Pause;
}

/// <summary>What a dry spell interrupts.</summary>
public enum DrySpellKind
{
    /// <summary>A stall in a transfer: the application is slow for a moment, and waiting for it makes fuller writes.</summary>
    Stall,

    /// <summary>A pause of an idle stream: the application has said what it had to say, and its client is waiting for that.</summary>
    Pause,
}
