namespace DaemonProxy.Statistics;

/// <summary>Counts restarts of workers, by reason.</summary>
public sealed class RestartCounter
{
    private readonly long[] _counts = new long[Enum.GetValues<RestartReason>().Length];

    /// <summary>Counts one restart.</summary>
    public void Count(RestartReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>The number of restarts for a reason.</summary>
    public long this[RestartReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    /// <summary>The number of all restarts.</summary>
    public long Total => Enum.GetValues<RestartReason>().Sum(reason => this[reason]);

    /// <summary>The counts by reason, the most frequent first; reasons that never occurred are left out.</summary>
    public IReadOnlyDictionary<string, long> ByReason() =>
        Enum.GetValues<RestartReason>().Select(reason => (Reason: reason, Count: this[reason]))
            .Where(one => one.Count > 0).OrderByDescending(one => one.Count).ToDictionary(one => one.Reason.ToString(), one => one.Count);
}
