namespace DaemonProxy.Verification.Measuring;

/// <summary>What a paced response achieved of its rate: pure arithmetic on its receives.</summary>
/// <remarks>
/// Achieved is measured from the first receive of the body to the begin of a burst (see <see cref="Staircase"/>), over
/// the bytes that had arrived before that burst, less the initial burst, which leaves unpaced.
/// </remarks>
internal static class RateMeasurement
{
    /// <summary>No more samples than this are kept: enough for any plot, little enough for any report.</summary>
    public const int MostSamples = 1000;

    /// <summary>As many needles as a chart can show side by side.</summary>
    public const int GapSlices = 120;

    /// <summary>Measures one response.</summary>
    /// <param name="arrivals">Its receives, in the order of time; may be empty.</param>
    /// <param name="rate">The rate expected, bytes/s, &gt; 0.</param>
    /// <param name="initialBurst">The configured initial burst, bytes, &gt;= 0.</param>
    /// <param name="duration">How long to measure; a body that ended sooner is measured up to its last burst.</param>
    /// <returns>What was achieved: a rate of 0 when all came in one burst, which is no rate. The curve is null when nothing came.</returns>
    public static (RateCourse Course, PacingCurve? Curve) Measure(
        IReadOnlyList<ArrivedBytes> arrivals, long rate, long initialBurst, TimeSpan duration)
    {
        if (arrivals.Count == 0)
            return (new RateCourse { ConfiguredRate = rate, ErrorPercent = -100 }, null);
        var end = new Staircase(arrivals).EndOf(duration);
        var begin = arrivals[0].Time;
        var until = end?.Time ?? arrivals[^1].Time;
        var measured = Rebase(arrivals, begin, until);
        var curve = new PacingCurve(measured, until - begin);
        var bytes = end?.Bytes ?? arrivals[^1].Bytes;
        var achieved = AchievedRate(begin, end, initialBurst);
        var course = new RateCourse
        {
            ConfiguredRate = rate,
            AchievedRate = achieved,
            Ratio = achieved / rate,
            ErrorPercent = (achieved / rate - 1) * 100,
            LongestGap = LongestGapOf(measured),
            Gaps = GapsOf(measured),
            Samples = Thin(measured),
            Windows = curve.Seconds(),
            BusiestSecond = curve.BusiestSecond(),
            Bytes = bytes,
            Duration = until - begin,
        };
        return (course, curve);
    }

    /// <summary>
    /// The rate alone, bytes/s, of a whole response: without its course second by second, which may last for months in virtual time. 0
    /// where all came in one burst.
    /// </summary>
    /// <param name="arrivals">Its receives, in the order of time; may be empty.</param>
    public static double AchievedRate(IReadOnlyList<ArrivedBytes> arrivals) =>
        arrivals.Count == 0 ? 0 : AchievedRate(arrivals[0].Time, new Staircase(arrivals).EndOf(TimeSpan.MaxValue), initialBurst: 0);

    private static double AchievedRate(TimeSpan begin, ArrivedBytes? end, long initialBurst) =>
        end is { } last ? Math.Max(0, last.Bytes - initialBurst) / (last.Time - begin).TotalSeconds : 0;

    private static List<ArrivedBytes> Rebase(IReadOnlyList<ArrivedBytes> arrivals, TimeSpan begin, TimeSpan until) =>
        [.. arrivals.TakeWhile(arrival => arrival.Time <= until).Select(arrival => arrival with { Time = arrival.Time - begin })];

    private static TimeSpan LongestGapOf(List<ArrivedBytes> measured)
    {
        var longest = TimeSpan.Zero;
        for (var i = 1; i < measured.Count; i++)
        {
            if (measured[i].Time - measured[i - 1].Time > longest)
                longest = measured[i].Time - measured[i - 1].Time;
        }

        return longest;
    }

    /// <summary>Keeps the last receive of each of equal slices of time, and the first of all, so that steps stay steps.</summary>
    private static IReadOnlyList<ArrivedBytes> Thin(List<ArrivedBytes> measured)
    {
        if (measured.Count <= MostSamples)
            return measured;
        var slice = measured[^1].Time / (MostSamples - 2);
        List<ArrivedBytes> thinned = [measured[0]];
        for (var i = 1; i < measured.Count; i++)
        {
            var isLastOfSlice = i == measured.Count - 1 || (long)(measured[i].Time / slice) < (long)(measured[i + 1].Time / slice);
            if (isLastOfSlice)
                thinned.Add(measured[i]);
        }

        return thinned;
    }

    private static TimeSpan[] GapsOf(List<ArrivedBytes> measured)
    {
        var gaps = new TimeSpan[GapSlices];
        for (var i = 1; i < measured.Count; i++)
        {
            var slice = Math.Min(GapSlices - 1, (int)(measured[i].Time / measured[^1].Time * GapSlices));
            var gap = measured[i].Time - measured[i - 1].Time;
            if (gap > gaps[slice])
                gaps[slice] = gap;
        }

        return gaps;
    }
}
