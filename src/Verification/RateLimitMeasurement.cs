namespace DaemonProxy.Verification;

/// <summary>What a paced response achieved of its rate: pure arithmetic on its receives.</summary>
/// <remarks>
/// Achieved is measured from the first receive of the body to the begin of a burst (see <see cref="Staircase"/>), over
/// the bytes that had arrived before that burst, less the initial burst, which leaves unpaced.
/// </remarks>
internal sealed record RateLimitMeasurement
{
    /// <summary>No more samples than this are kept: enough for any plot, little enough for any report.</summary>
    public const int MostSamples = 1000;

    /// <summary>As many needles as a chart can show side by side.</summary>
    public const int GapSlices = 120;

    /// <summary>The configured rate, bytes/s.</summary>
    public required long ConfiguredRate { get; init; }

    /// <summary>Bytes/s; 0 when all came in one burst, which is no rate.</summary>
    public double AchievedRate { get; init; }

    /// <summary>Achieved / configured.</summary>
    public double Ratio => AchievedRate / ConfiguredRate;

    /// <summary>Achieved against configured, in percent; negative: too slow.</summary>
    public double ErrorPercent => (Ratio - 1) * 100;

    /// <summary>The longest time between two receives.</summary>
    public TimeSpan LongestGap { get; init; }

    /// <summary>Body bytes that were measured.</summary>
    public long Bytes { get; init; }

    /// <summary>The time they took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The bytes over time, at most <see cref="MostSamples"/>.</summary>
    public IReadOnlyList<ArrivedBytes> Samples { get; init; } = [];

    /// <summary>Bytes in each whole second since the first byte, each write spread over the pause behind it: see <see cref="PacingCurve"/>.</summary>
    public IReadOnlyList<long> Windows { get; init; } = [];

    /// <summary>Bytes in the busiest second, whenever it begins; null when not a second was measured.</summary>
    public double? BusiestSecond { get; init; }

    /// <summary>The bytes over time up to the end; null when nothing came.</summary>
    public PacingCurve? Curve { get; init; }

    /// <summary>The longest time between two receives that ends in each of <see cref="GapSlices"/> equal parts of the time.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; init; } = [];

    /// <summary>Whether the rate was kept to.</summary>
    /// <param name="tolerance">As a fraction: 0.01 for one percent.</param>
    public bool IsWithin(double tolerance) => Math.Abs(Ratio - 1) <= tolerance;

    /// <summary>Measures one response.</summary>
    /// <param name="arrivals">Its receives, in the order of time; may be empty.</param>
    /// <param name="rate">The configured rate, bytes/s, &gt; 0.</param>
    /// <param name="initialBurst">The configured initial burst, bytes, &gt;= 0.</param>
    /// <param name="duration">How long to measure; a body that ended sooner is measured up to its last burst.</param>
    public static RateLimitMeasurement Of(IReadOnlyList<ArrivedBytes> arrivals, long rate, long initialBurst, TimeSpan duration)
    {
        var measurement = new RateLimitMeasurement { ConfiguredRate = rate };
        if (arrivals.Count == 0)
            return measurement;
        var end = new Staircase(arrivals).EndOf(duration);
        var begin = arrivals[0].Time;
        var until = end?.Time ?? arrivals[^1].Time;
        var measured = Rebase(arrivals, begin, until);
        var curve = new PacingCurve(measured, until - begin);
        measurement = measurement with
        {
            LongestGap = LongestGapOf(measured),
            Gaps = GapsOf(measured),
            Samples = Thin(measured),
            Curve = curve,
            Windows = curve.Seconds(),
            BusiestSecond = curve.BusiestSecond(),
            Bytes = end?.Bytes ?? arrivals[^1].Bytes,
            Duration = until - begin,
        };
        return end is null
            ? measurement
            : measurement with { AchievedRate = Math.Max(0, measurement.Bytes - initialBurst) / measurement.Duration.TotalSeconds };
    }

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
