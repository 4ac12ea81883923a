namespace DaemonProxy.Pacing;

/// <summary>
/// Counts the responses paced in this process, which determines how small a write may be. Each write costs a system call and the network's
/// work, some 5 us whether it has 512 bytes or 1,024: ten thousand responses at 8 KiB/s in writes of 512 bytes would need 160,000 writes
/// per second, more than one processor can do. So the smallest write grows by 512 bytes for every 2,500 responses: their pauses get longer,
/// their rates stay the same.
/// </summary>
public sealed class PacingLoad
{
    /// <summary>In smaller writes the headers would outweigh the data.</summary>
    private const int Smallest = 512;

    private const int Step = 2_500;

    // A write of 4 KiB costs as much as one of 512 bytes; one of 64 KiB costs more.
    private const int MostSteps = 8;

    private int _responses;

    /// <summary>The number of responses paced now; a response subject to two limits counts twice.</summary>
    public int Responses => Volatile.Read(ref _responses);

    /// <summary>The size of the smallest write, in bytes: 512 to 4,096.</summary>
    public int SmallestWrite => Smallest * Math.Clamp((Responses + Step - 1) / Step, 1, MostSteps);

    /// <summary>Called when the pacing of a response begins.</summary>
    internal void Enter() => Interlocked.Increment(ref _responses);

    /// <summary>Called when the pacing of a response ends.</summary>
    internal void Leave() => Interlocked.Decrement(ref _responses);
}
