using System.Globalization;
using System.Net;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Reporting;

/// <summary>Shows advice on flush delays on one self-contained page: no scripts, no other files.</summary>
public static class FlushAdviceReport
{
    /// <summary>Stands where there is no figure.</summary>
    private const string None = "–";

    // Below it, the axis would have ticks between whole numbers.
    private const long LeastCount = 5;

    private static readonly TimeSpan LeastAxis = TimeSpan.FromMilliseconds(100);

    /// <summary>The page.</summary>
    /// <param name="advice">One or more groups.</param>
    public static string Html(IReadOnlyList<FlushAdvice> advice)
    {
        var page = new StringBuilder(ReportPage.Head("Flush delays"));
        page.Append("<h1>Flush delays</h1>\n<p>How each daemon group's application has written, and what each flush delay would do: "
            + "computed with the front end's own relay and pacer, from the dry spells that it has counted.</p>\n");
        foreach (var one in advice)
            Section(page, one);
        return page.Append("</main></body>\n</html>\n").ToString();
    }

    /// <summary>Writes the page.</summary>
    /// <param name="path">Full path of the file; an existing one is replaced.</param>
    /// <param name="advice">One or more groups.</param>
    /// <exception cref="VerificationException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<FlushAdvice> advice) => ReportPage.Write(path, Html(advice));

    private static void Section(StringBuilder page, FlushAdvice advice)
    {
        page.Append($"<section>\n<h2>{E(advice.Name)}, group {E(advice.Daemon)}</h2>\n<p>{E(advice.Reason)}</p>\n<ul class=\"figures\">");
        var hasAdvice = advice.Recommended is not null;
        Figure(page, "recommended", hasAdvice ? advice.ShownRecommendation : None, hasAdvice ? "good" : "");
        Figure(page, "in force", advice.FlushPolicy.ShownDelay);
        Figure(page, "stalls in transfers", Count(advice.Stalls));
        Figure(page, "pauses of idle streams", Count(advice.Pauses));
        Figure(page, "undivided responses", Count(advice.Undivided));
        if (advice.RateLimit > 0)
            Figure(page, $"limit of {E(advice.LimitedRoute ?? "")}", Units.FormatRate(advice.RateLimit));
        page.Append("</ul>\n");
        if (advice.Stalls + advice.Pauses > 0)
        {
            page.Append("<div class=\"charts\">\n");
            if (advice.Stalls > 0)
                page.Append(Histogram("Stalls in transfers", advice.Writing.Stalls, advice, "bar"));
            if (advice.Pauses > 0)
                page.Append(Histogram("Pauses of idle streams", advice.Writing.Pauses, advice, "needle"));
            page.Append("</div>\n");
        }

        if (advice.Rows.Count > 0)
            Table(page, advice);
        page.Append("</section>\n");
    }

    private static string Histogram(string title, IReadOnlyList<DurationBucket> buckets, FlushAdvice advice, string tone)
    {
        var longest = buckets.Select(bucket => bucket.Bound).Append(LeastAxis).Max();
        var highest = Math.Max(LeastCount, buckets.Max(bucket => bucket.Count));
        var description = $"{buckets.Sum(bucket => bucket.Count)} dry spells; half of them last at most "
            + $"{Units.FormatDuration(buckets.Percentile(0.5) ?? TimeSpan.Zero)}.";
        var chart = new Chart(title, description, ChartScale.Durations(longest, "silent for"), ChartScale.Count(highest * 1.15));
        foreach (var bucket in buckets)
            chart.Bar(ChartScale.PlaceOf(bucket.LowerBound), ChartScale.PlaceOf(bucket.Bound), bucket.Count, tone);
        if (advice.RecommendedDelay is { } delay && delay > TimeSpan.Zero)
        {
            chart.Line([(ChartScale.PlaceOf(delay), 0), (ChartScale.PlaceOf(delay), highest * 1.15)], "class=\"ideal\"");
            chart.Label(ChartScale.PlaceOf(delay), highest * 1.15, advice.ShownRecommendation, "idealtext", "start", shiftX: 5, shiftY: 10);
        }

        return chart.ToString();
    }

    private static void Table(StringBuilder page, FlushAdvice advice)
    {
        string[] headings = ["", "Bridged", "Flushes/s", "Held p50", "Held p99", "Writes/MiB", "Of the rate"];
        page.Append("<div class=\"scroll\"><table class=\"cards\"><thead><tr><th scope=\"col\">Delay</th>");
        foreach (var heading in headings)
            page.Append($"<th scope=\"col\">{heading}</th>");
        page.Append("</tr></thead><tbody>\n");
        foreach (var row in advice.Rows)
        {
            var note = row switch
            {
                { IsRecommended: true, IsInForce: true } => "recommended, in force",
                { IsRecommended: true } => "recommended",
                { IsInForce: true } => "in force",
                _ => "",
            };
            string[] figures =
            [
                note, Percent(row.Bridged), N(row.FlushesPerSecond, "0.00"), Time(row.HeldP50), Time(row.HeldP99),
                N(row.WritesPerMebibyte, "0.0"), Percent(row.RateShare),
            ];
            page.Append($"<tr><td class=\"name\">{row.ShownDelay}</td>");
            for (var i = 0; i < headings.Length; i++)
            {
                var tone = figures[i] is "" or None ? "none" : i == 0 && row.IsRecommended ? "good" : "";
                page.Append($"<td data-label=\"{headings[i]}\"{(tone.Length > 0 ? $" class=\"{tone}\"" : "")}>{figures[i]}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</tbody></table></div>\n");
    }

    private static void Figure(StringBuilder page, string name, string value, string tone = "") =>
        page.Append($"<li><span>{name}</span><b{(tone.Length > 0 ? $" class=\"{tone}\"" : "")}>{value}</b></li>");

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double? part) => part is { } known ? N(known * 100, "0.0") + "%" : None;

    private static string Time(TimeSpan? time) => time is { } known ? N(known.TotalMilliseconds, "0.0") + " ms" : None;

    private static string N(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string E(string text) => WebUtility.HtmlEncode(text);
}
