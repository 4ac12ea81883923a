namespace DaemonProxy.Statistics;

/// <summary>What can be read from a histogram of times.</summary>
public static class DurationBuckets
{
    private static readonly double Step = Math.Pow(2, -1.0 / WritingCounter.TimesPerOctave);

    /// <summary>A percentile, as exact as the buckets are; null for no counts.</summary>
    /// <param name="buckets">The histogram, ascending.</param>
    /// <param name="fraction">0.5 for the median.</param>
    /// <param name="floor">The bucket in which this lies begins with it: no time in that bucket is known to be shorter.</param>
    public static TimeSpan? Percentile(this IReadOnlyList<DurationBucket> buckets, double fraction, TimeSpan floor = default)
    {
        var left = buckets.Sum(bucket => bucket.Count) * fraction;
        foreach (var (upTo, count) in buckets)
        {
            left -= count;
            if (left > 0)
                continue;
            var to = upTo == TimeSpan.MaxValue ? WritingCounter.LongestSpell : upTo;
            var from = upTo <= WritingCounter.ShortestSpell ? TimeSpan.Zero : to * Step;
            if (floor > from && floor <= to) from = floor;
            return to + (left / count * (to - from));
        }

        return null;
    }
}
