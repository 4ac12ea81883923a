namespace DaemonProxy.Statistics;

/// <summary>
/// Counts values in the buckets of a scale, from any number of threads. Only its first value allocates. The last bucket has no bound.
/// </summary>
/// <param name="scale">The bounds of the buckets.</param>
public sealed class LogHistogram(LogScale scale)
{
    // Created by the first value: of six histograms for each of thousands of routes, most stay empty.
    private long[]? _counts;
    private long _sum;

    /// <summary>The sum of the values.</summary>
    public long Sum => Interlocked.Read(ref _sum);

    /// <summary>Counts a value.</summary>
    public void Count(long value)
    {
        Interlocked.Increment(ref (Volatile.Read(ref _counts) ?? Create())[scale.IndexOf(value)]);
        Interlocked.Add(ref _sum, value);
    }

    /// <summary>The buckets that are not empty, in ascending order; the bound of the last one may be <see cref="long.MaxValue"/>.</summary>
    public IReadOnlyList<(long Bound, long Count)> Buckets()
    {
        if (Volatile.Read(ref _counts) is not { } counts) return [];
        var buckets = new List<(long, long)>();
        for (var i = 0; i < counts.Length; i++)
        {
            if (Interlocked.Read(ref counts[i]) is > 0 and var count)
                buckets.Add((i < scale.Bounds.Count ? scale.Bounds[i] : long.MaxValue, count));
        }

        return buckets;
    }

    private long[] Create()
    {
        var created = new long[scale.Bounds.Count + 1];
        return Interlocked.CompareExchange(ref _counts, created, null) ?? created;
    }
}

/// <summary>Bounds of buckets, each larger than the one before by a constant factor.</summary>
public sealed class LogScale
{
    private readonly long[] _bounds;
    private readonly int _perOctave;

    /// <summary>Creates a scale.</summary>
    /// <param name="first">The first bound, &gt; 0.</param>
    /// <param name="last">The least value that the last bound reaches.</param>
    /// <param name="perOctave">How many bounds there are up to twice a bound.</param>
    public LogScale(long first, long last, int perOctave)
    {
        var bounds = new List<long>();
        do
            bounds.Add((long)Math.Round(first * Math.Pow(2, (double)bounds.Count / perOctave)));
        while (bounds[^1] < last);
        _perOctave = perOctave;
        _bounds = [.. bounds];
    }

    /// <summary>The bounds, ascending.</summary>
    public IReadOnlyList<long> Bounds => _bounds;

    /// <summary>The first bucket whose bound is not below a value; the number of bounds if there is none.</summary>
    public int IndexOf(long value)
    {
        if (value <= _bounds[0]) return 0;
        var index = Math.Min(_bounds.Length, (int)(Math.Log2((double)value / _bounds[0]) * _perOctave));
        // The bounds are rounded, and so is the logarithm.
        while (index < _bounds.Length && _bounds[index] < value) index++;
        while (index > 0 && _bounds[index - 1] >= value) index--;
        return index;
    }
}
