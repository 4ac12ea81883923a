namespace DaemonProxy.Statistics;

/// <summary>Counts how often workers were started again, by reason.</summary>
public sealed class RestartCounter
{
    private readonly long[] _counts = new long[Enum.GetValues<RestartReason>().Length];

    /// <summary>Counts one.</summary>
    public void Count(RestartReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>How many there were for a reason.</summary>
    public long this[RestartReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    /// <summary>All of them.</summary>
    public long Total => Enum.GetValues<RestartReason>().Sum(reason => this[reason]);

    /// <summary>By reason, the most frequent first; reasons that never were are left out.</summary>
    public IReadOnlyDictionary<string, long> ByReason() =>
        Enum.GetValues<RestartReason>().Select(reason => (Reason: reason, Count: this[reason]))
            .Where(one => one.Count > 0).OrderByDescending(one => one.Count).ToDictionary(one => one.Reason.ToString(), one => one.Count);
}
