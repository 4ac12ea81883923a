namespace DaemonProxy.Statistics;

/// <summary>What can be read from a histogram of times.</summary>
public static class DurationBuckets
{
    /// <summary>A percentile, as exact as the buckets are; null for no counts.</summary>
    /// <param name="buckets">The histogram, ascending.</param>
    /// <param name="fraction">0.5 for the median.</param>
    /// <param name="floor">The bucket in which this lies begins with it: no time in that bucket is known to be shorter.</param>
    public static TimeSpan? Percentile(this IReadOnlyList<DurationBucket> buckets, double fraction, TimeSpan floor = default)
    {
        var left = buckets.Sum(bucket => bucket.Count) * fraction;
        foreach (var bucket in buckets)
        {
            left -= bucket.Count;
            if (left > 0) continue;
            var (from, to) = (bucket.LowerBound, bucket.Bound);
            if (floor > from && floor <= to) from = floor;
            return to + (left / bucket.Count * (to - from));
        }
        return null;
    }
}
