using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Statistics;

namespace DaemonProxy.Verification.Advising;

/// <summary>Chooses one of the delays, and says why.</summary>
internal static class FlushRecommendation
{
    /// <summary>A shorter delay is better as long as it costs no more of the rate than this.</summary>
    private const double RateTolerance = 0.02;

    /// <summary>The same for writes.</summary>
    private const double WritesTolerance = 0.10;

    /// <summary>Chooses.</summary>
    /// <param name="rows">What each delay does, the shortest first and <c>auto</c> last.</param>
    /// <param name="writing">How the application writes.</param>
    /// <param name="rate">The rate of a limit that waits for full writes, bytes/s; 0: none.</param>
    public static (TimeSpan Delay, string Reason) Choose(IReadOnlyList<FlushAdviceRow> rows, WritingStatus writing, long rate)
    {
        var transferred = PartOfTransfers(writing);
        if (transferred <= 0.5)
            return (TimeSpan.Zero,
                $"Idle streams wrote {Percent(1 - transferred)} of the bytes: nothing follows soon, so that any "
                + "delay only makes the client wait.");
        var best = rate > 0 ? rows.Max(row => row.RateShare ?? 0) : rows.Min(row => row.WritesPerMebibyte);
        var row = rate > 0
            ? rows.First(one => (one.RateShare ?? 0) >= best * (1 - RateTolerance))
            : rows.First(one => one.WritesPerMebibyte <= best * (1 + WritesTolerance));
        return (row.Delay, rate > 0 ? OfRate(rows, row, best, rate) : OfWrites(row, best, transferred));
    }

    private static string OfRate(IReadOnlyList<FlushAdviceRow> rows, FlushAdviceRow row, double best, long rate)
    {
        var share = Percent(row.RateShare ?? 0);
        var limit = Units.FormatRate(rate);
        if (row.Delay != FlushPolicy.Auto)
            return $"The shortest delay that gets {share} of the {limit}; the best gets {Percent(best)}.";
        var other = rows.Where(one => one.Delay != FlushPolicy.Auto).MaxBy(one => one.RateShare)!;
        return $"It reads ahead while the limit waits, and gets {share} of the {limit}; the best fixed delay, {other.ShownDelay}, gets "
            + $"{Percent(other.RateShare ?? 0)}.";
    }

    private static string OfWrites(FlushAdviceRow row, double best, double transferred) =>
        row.Delay == TimeSpan.Zero
            ? $"Transfers wrote {Percent(transferred)} of the bytes, and a delay would make hardly fewer writes: "
                + $"{Writes(best)} a MiB instead of {Writes(row.WritesPerMebibyte)}."
            : $"Transfers wrote {Percent(transferred)} of the bytes: "
                + (row.Delay == FlushPolicy.Auto ? "no fixed" : "no shorter")
                + $" delay comes within 10% of the fewest writes, {Writes(best)} a MiB"
                + (Writes(best) == Writes(row.WritesPerMebibyte) ? "." : $"; this one makes {Writes(row.WritesPerMebibyte)}.");

    /// <summary>
    /// The part of the bytes that transfers wrote, 0 to 1, whether the relay saw their writes or was waiting for its output meanwhile.
    /// Below a limit that is slower than the application, it hardly sees any.
    /// </summary>
    private static double PartOfTransfers(WritingStatus writing)
    {
        if (writing.Stalls.Count == 0) return 0;
        var transfers = (double)writing.StallBytes + writing.GatheredBeforeStalls;
        return transfers / Math.Max(1, transfers + writing.PauseBytes + writing.GatheredBeforePauses);
    }

    private static string Writes(double perMebibyte) => perMebibyte.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Percent(double part) => (part * 100).ToString("0", CultureInfo.InvariantCulture) + "%";
}
