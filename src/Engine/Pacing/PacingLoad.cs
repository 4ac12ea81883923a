namespace DaemonProxy.Pacing;

/// <summary>
/// How many responses are paced in this process, and how small a write may be therefore. Each write costs a system call and what the
/// network does for it, some 5 us whether it has 512 bytes or 1,024: ten thousand responses at 8 KiB/s in writes of 512 bytes would be
/// 160,000 of them a second, more than a processor's worth. So the smallest write grows by 512 bytes for each 2,500 responses: their pauses
/// get longer, their rates stay.
/// </summary>
public sealed class PacingLoad
{
    /// <summary>Below that, headers outweigh the data.</summary>
    private const int Smallest = 512;

    private const int Step = 2_500;

    // A write of 4 KiB costs what one of 512 bytes does, one of 64 KiB does not.
    private const int MostSteps = 8;

    private int _responses;

    /// <summary>The responses that are paced now; one that obeys two limits counts twice.</summary>
    public int Responses => Volatile.Read(ref _responses);

    /// <summary>The smallest write, bytes: 512 to 4,096.</summary>
    public int SmallestWrite => Smallest * Math.Clamp((Responses + Step - 1) / Step, 1, MostSteps);

    /// <summary>A response begins to be paced.</summary>
    internal void Enter() => Interlocked.Increment(ref _responses);

    /// <summary>One is no longer.</summary>
    internal void Leave() => Interlocked.Decrement(ref _responses);
}
