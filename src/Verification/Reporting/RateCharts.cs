using System.Globalization;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>The charts of a measured rate.</summary>
internal static class RateCharts
{
    /// <summary>Up to this many seconds are drawn as bars, more as a line.</summary>
    private const int MostBars = 60;

    /// <summary>Up to this many bars are labelled with their value.</summary>
    private const int MostLabels = 10;

    /// <summary>Colours that can be told apart side by side; they repeat after the last.</summary>
    private const int Colours = 6;

    /// <summary>Bytes over time against the ideal.</summary>
    public static string Bytes(RateResult rate)
    {
        var seconds = rate.Duration.TotalSeconds;
        var ideal = rate.ConfiguredRate * seconds;
        var received = rate.Samples.Count == 0 ? 0 : rate.Samples[^1].Bytes;
        var chart = new Chart(
            "Bytes received", $"A line from 0 to {received} bytes in {N(seconds)} seconds, beside the ideal of {N(ideal)} bytes.",
            ChartScale.Seconds(rate.Duration), ChartScale.Bytes(Math.Max(ideal, received)));
        chart.Line([(0, 0), (seconds, ideal)], "class=\"ideal\"");
        chart.Line(rate.Samples.Select(sample => (sample.Time.TotalSeconds, (double)sample.Bytes)), "class=\"got\"", steps: true);
        // The labels are on either side of the lines, where there are no lines.
        chart.Label(seconds * 0.46, ideal * 0.46, "ideal", "idealtext", "start", shiftX: 14, shiftY: 16);
        chart.Label(seconds * 0.46, Math.Max(received, ideal) * 0.5, "received", "gottext", "end", shiftX: -6, shiftY: -6);
        return chart.ToString();
    }

    /// <summary>The rate of each second.</summary>
    public static string Seconds(RateResult rate)
    {
        var highest = Math.Max(rate.ConfiguredRate, rate.Windows.Count == 0 ? 0 : rate.Windows.Max()) * 1.12;
        var duration = TimeSpan.FromSeconds(Math.Max(1, rate.Windows.Count));
        var chart = new Chart(
            "Rate of each second", rate.Windows.Count == 0
                ? "Not a whole second was measured."
                : $"{rate.Windows.Count} seconds between {Percent(rate.Windows.Min(), rate)} and {Percent(rate.Windows.Max(), rate)} of "
                + "the rate.",
            ChartScale.Seconds(duration), ChartScale.Bytes(highest, "/s"));
        if (rate.Windows.Count > MostBars)
            chart.Line(rate.Windows.Select((bytes, i) => (i + 0.5, (double)bytes)), "class=\"got\"");
        for (var i = 0; i < rate.Windows.Count && rate.Windows.Count <= MostBars; i++)
        {
            chart.Bar(i, i + 1, rate.Windows[i], "bar");
            if (rate.Windows.Count <= MostLabels)
                chart.Label(i + 0.5, rate.Windows[i], Off(rate.Windows[i], rate),
                    shiftY: rate.Windows[i] > rate.ConfiguredRate * 0.12
                    ? 14 : -8, tone: rate.Windows[i] > rate.ConfiguredRate * 0.12 ? "inbar" : "label");
        }

        chart.Line([(0, rate.ConfiguredRate), (duration.TotalSeconds, rate.ConfiguredRate)], "class=\"ideal\"");
        return chart.ToString();
    }

    /// <summary>The longest gap in each part of the time.</summary>
    public static string Gaps(RateResult rate)
    {
        var chart = new Chart(
            "Time between receives", $"The longest gap is {N(rate.LongestGap.TotalMilliseconds)} milliseconds.",
            ChartScale.Seconds(rate.Duration), ChartScale.Milliseconds(rate.LongestGap * 1.12));
        var part = rate.Duration.TotalSeconds / Math.Max(1, rate.Gaps.Count);
        var longest = 0;
        for (var i = 0; i < rate.Gaps.Count; i++)
        {
            if (rate.Gaps[i] > rate.Gaps[longest])
                longest = i;
            if (rate.Gaps[i] > TimeSpan.Zero)
                chart.Bar(i * part, (i + 1) * part, rate.Gaps[i].TotalSeconds, "needle");
        }

        if (rate.Gaps.Count > 0)
        {
            var anchor = longest < rate.Gaps.Count / 4 ? "start" : longest > rate.Gaps.Count * 3 / 4 ? "end" : "middle";
            chart.Label((longest + 0.5) * part, rate.Gaps[longest].TotalSeconds, $"longest {N(rate.LongestGap.TotalMilliseconds)} ms",
                anchor: anchor);
        }

        return chart.ToString();
    }

    /// <summary>Charts the rates of several results over time, each as a fraction of its own configured rate.</summary>
    /// <param name="rates">The results.</param>
    /// <param name="isWide">Whether there is room for names beside the lines; otherwise the key in the table must do.</param>
    public static string Comparison(IReadOnlyList<ReportedRate> rates, bool isWide)
    {
        var longest = rates.Max(rate => rate.Result.Windows.Count);
        var parts = rates.SelectMany(rate => rate.Result.Windows.Select(window => (double)window / rate.Result.ConfiguredRate)).ToList();
        var chart = new Chart(
            "Rate of each second, in percent of the rate",
            string.Join("; ", rates.Select(rate => $"{rate.Title}: {Percent(rate.Result.AchievedRate, rate.Result)} on the whole")) + ".",
            ChartScale.Seconds(TimeSpan.FromSeconds(longest)), ChartScale.Percent(Math.Min(0.98, parts.Min()), Math.Max(1.02, parts.Max())),
            width: isWide ? 1000 : 420, height: isWide ? 310 : 260, margin: isWide ? 230 : 14);
        chart.Line([(0, 1), (longest, 1)], "class=\"ideal\"");
        for (var i = 0; i < rates.Count; i++)
        {
            chart.Line(
                rates[i].Result.Windows.SelectMany(
                    (window, second) =>
                    new[] { ((double)second, Part(window, rates[i].Result)), (second + 1.0, Part(window, rates[i].Result)) }),
                $"class=\"got\" style=\"stroke:{Colour(i)}\"");
        }

        if (isWide)
            chart.EndLabels(
                rates.Select((rate, i) => (rate, i)).Where(one => one.rate.Result.Windows.Count > 0)
                .Select(one => (Part(one.rate.Result.Windows[^1], one.rate.Result), Label(one.i, rates), Colour(one.i))));
        return chart.ToString();
    }

    // Addresses that are too long for the chart and have the same end are told apart by their row in the table.
    private static string Label(int index, IReadOnlyList<ReportedRate> rates)
    {
        var label = Short(rates[index].ShortName);
        return rates.Count(rate => Short(rate.ShortName) == label) == 1 ? label : $"{index + 1}. {label}";
    }

    /// <summary>The colour of a result in <see cref="Comparison"/>.</summary>
    public static string Colour(int index) => $"var(--s{index % Colours})";

    private static double Part(long window, RateResult rate) => (double)window / rate.ConfiguredRate;

    private static string Short(string name) => name.Length <= 32 ? name : "…" + name[^31..];

    private static string Off(long window, RateResult rate) =>
        (((double)window / rate.ConfiguredRate - 1) * 100).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture) + "%";

    private static string Percent(double value, RateResult rate) =>
        (value / rate.ConfiguredRate * 100).ToString("0.0", CultureInfo.InvariantCulture) + "%";

    private static string N(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
