using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Statistics;

namespace DaemonProxy.Display;

/// <summary>
/// How the applications of daemon groups write, as a table: a group's dry spells in a picture of one line, and its flush delay.
/// </summary>
internal static class WritingTable
{
    private const string Heights = "▁▂▃▄▅▆▇█";

    /// <summary>Creates the table.</summary>
    /// <param name="groups">The groups; those without a dry spell so far are left out.</param>
    /// <param name="advice">The delay that suits a group better than the one in force, or null; null: no advice is shown.</param>
    /// <returns>Null if there is nothing to show.</returns>
    public static TextTable? Create(IEnumerable<DaemonStatus> groups, Func<DaemonStatus, string?>? advice)
    {
        var shown = groups.Where(group => group.Traffic.Writing is { Stalls.Count: > 0 } or { Pauses.Count: > 0 }).ToList();
        if (shown.Count == 0) return null;
        var table = new TextTable(
            ("GROUP", false), ("DRY SPELLS 50us - 60s", false), ("STALLS", true), ("PAUSES", true), ("HELD P50", true), ("HELD P99", true),
            ("FLUSH DELAY", false));
        foreach (var group in shown)
        {
            var writing = group.Traffic.Writing;
            table.Add(
                group.Daemon, Picture([.. writing.Stalls, .. writing.Pauses]), Number(Count(writing.Stalls)), Number(Count(writing.Pauses)),
                Held(writing, 0.5), Held(writing, 0.99),
                group.FlushPolicy.ShownDelay + (advice?.Invoke(group) is { } better ? $", better {better}" : ""));
        }

        return table;
    }

    /// <summary>
    /// A cell for each doubling of the time, as high as its count has digits, so that rare spells show beside frequent ones.
    /// </summary>
    internal static string Picture(IReadOnlyList<DurationBucket> spells)
    {
        var counts = new long[WritingCounter.Octaves.Length];
        foreach (var (upTo, count) in spells)
        {
            var octave = Array.FindIndex(WritingCounter.Octaves, bound => upTo.TotalSeconds <= bound);
            counts[octave < 0 ? counts.Length - 1 : octave] += count;
        }

        var highest = Math.Log(1 + counts.Max());
        return string.Concat(counts.Select(count =>
            count == 0 ? ' ' : Heights[(int)Math.Round(Math.Log(1 + count) / highest * (Heights.Length - 1))]));
    }

    private static string Held(WritingStatus writing, double part)
    {
        var left = part * Count(writing.Holds);
        foreach (var (upTo, count) in writing.Holds)
        {
            left -= count;
            if (left <= 0)
                return upTo == TimeSpan.MaxValue
                    ? "over 60s" : Units.FormatDuration(TimeSpan.FromMilliseconds(Math.Round(upTo.TotalMilliseconds, 1)));
        }

        return "";
    }

    private static long Count(IEnumerable<DurationBucket> buckets) => buckets.Sum(bucket => bucket.Count);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
