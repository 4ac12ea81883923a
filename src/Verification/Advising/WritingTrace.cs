using DaemonProxy.Statistics;

namespace DaemonProxy.Verification.Advising;

/// <summary>Bytes that an application writes, and how long it then is silent.</summary>
/// <param name="Bytes">&gt; 0.</param>
/// <param name="Silence">Until it writes again, if nothing keeps it from writing.</param>
internal readonly record struct Burst(long Bytes, TimeSpan Silence);

/// <summary>Draws how an application might write from the histograms of how it has written.</summary>
internal static class WritingTrace
{
    /// <summary>The same draw for the same histograms, so that advice does not change by itself.</summary>
    private const int Seed = 602;

    // The first bucket of times begins at nothing, which no logarithm can.
    private static readonly TimeSpan ShortestSilence = TimeSpan.FromMicroseconds(10);

    /// <summary>Draws a trace.</summary>
    /// <param name="spells">The dry spells of one kind, by duration; at least one.</param>
    /// <param name="sizes">What is written at once; at least one.</param>
    /// <param name="meanSilence">The mean of the spells, seconds; 0: unknown.</param>
    /// <param name="meanBytes">The mean of what is written at once; 0: unknown.</param>
    /// <param name="largest">The most bytes of a burst.</param>
    /// <param name="count">How many bursts to draw.</param>
    public static Burst[] Draw(
        IReadOnlyList<DurationBucket> spells, IReadOnlyList<SizeBucket> sizes, double meanSilence, double meanBytes, long largest,
        int count)
    {
        var random = new Random(Seed);
        var silences = Draw([.. spells.Select(bucket =>
            (Math.Max(bucket.LowerBound.Ticks, (double)ShortestSilence.Ticks), (double)bucket.Bound.Ticks, bucket.Count))], count, random);
        var bytes = Draw([.. sizes.Select(bucket => (bucket.LowerBound, (double)bucket.Bound, bucket.Count))], count, random);
        FitMean(silences, meanSilence * TimeSpan.TicksPerSecond);
        FitMean(bytes, meanBytes);
        var trace = new Burst[count];
        for (var i = 0; i < count; i++)
            trace[i] = new Burst((long)Math.Clamp(Math.Round(bytes[i]), 1, largest), TimeSpan.FromTicks((long)silences[i]));
        return trace;
    }

    /// <summary>
    /// Values at even steps of the distribution, each a little off, in random order: rare values are neither missed nor doubled.
    /// </summary>
    private static double[] Draw((double From, double To, long Count)[] buckets, int count, Random random)
    {
        var all = buckets.Sum(bucket => bucket.Count);
        var values = new double[count];
        var (at, before) = (0, 0L);
        for (var i = 0; i < count; i++)
        {
            var rank = (i + random.NextDouble()) / count * all;
            while (at < buckets.Length - 1 && rank >= before + buckets[at].Count)
                before += buckets[at++].Count;
            var (from, to, number) = buckets[at];
            values[i] = from * Math.Pow(to / from, Math.Clamp((rank - before) / number, 0, 1));
        }

        random.Shuffle(values);
        return values;
    }

    /// <summary>
    /// Moves the values so that their mean is what it was: applications like round sizes, which lie at a bucket's end, and the first bucket
    /// of times is wide.
    /// </summary>
    private static void FitMean(double[] values, double mean)
    {
        if (mean <= 0)
            return;
        var factor = mean / values.Average();
        for (var i = 0; i < values.Length; i++)
            values[i] *= factor;
    }
}
