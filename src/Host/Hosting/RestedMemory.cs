namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Gives the system back the memory that resting connections have let go of. The garbage collector collects when a process allocates, and
/// one whose clients all rest allocates nothing. Nobody is kept waiting: it collects in a second in which nothing is being served.
/// </summary>
internal sealed class RestedMemory : IDisposable
{
    /// <summary>Connections below which it is not worth a collection: some 2 MiB.</summary>
    public const int Enough = 256;

    // Within a second: what some dozens of requests allocate.
    private const long Quiet = 262_144;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // A collection holds up whatever comes in its tens of milliseconds.
    private static readonly TimeSpan Rarest = TimeSpan.FromMinutes(1);

    private readonly Func<long> _allocated;
    private readonly Action _collect;
    private readonly ITimer _timer;
    private readonly TimeProvider _time;
    private int _rested;
    private long _collected;
    private long _before;

    /// <summary>Creates it for a server.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="allocated">Bytes that the process has allocated since its start; null: what the runtime says.</param>
    /// <param name="collect">Collects; null: as the runtime does.</param>
    public RestedMemory(TimeProvider time, Func<long>? allocated = null, Action? collect = null)
    {
        _allocated = allocated ?? (() => GC.GetTotalAllocatedBytes());
        _collect = collect ?? (() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));
        _time = time;
        _collected = time.GetTimestamp() - (long)(Rarest.TotalSeconds * time.TimestampFrequency);
        _timer = time.CreateTimer(
            static memory => ((RestedMemory)memory!).LookAround(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called when a connection has begun to rest.</summary>
    public void Add()
    {
        if (Interlocked.Increment(ref _rested) == Enough) Wait();
    }

    private void Wait()
    {
        _before = _allocated();
        _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }

    private void LookAround()
    {
        if (_allocated() - _before > Quiet || _time.GetElapsedTime(_collected) < Rarest)
        {
            Wait();
            return;
        }
        _collected = _time.GetTimestamp();
        Interlocked.Exchange(ref _rested, 0);
        _collect();
    }

    /// <summary>Stops.</summary>
    public void Dispose() => _timer.Dispose();
}
