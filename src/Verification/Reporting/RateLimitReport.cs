using System.Globalization;
using System.Net;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>Shows measured rates on one self-contained page: no scripts, no other files, light or dark as the reader prefers.</summary>
public static class RateLimitReport
{
    /// <summary>Stands where there is no figure.</summary>
    private const string None = "–";

    /// <summary>A page of servers' rates.</summary>
    public static string Html(IReadOnlyList<ServerRateLimitResult> results) => Html([.. results.Select(ReportedRate.From)]);

    /// <summary>A page of a front end's routes.</summary>
    public static string Html(IReadOnlyList<RateLimitResult> results) => Html([.. results.Select(ReportedRate.From)]);

    /// <summary>Writes a page.</summary>
    /// <param name="path">Full path of the file; an existing one is replaced.</param>
    /// <param name="html">The page from <see cref="Html(IReadOnlyList{ServerRateLimitResult})"/>.</param>
    /// <exception cref="VerificationException">It cannot be written.</exception>
    public static void Write(string path, string html) => ReportPage.Write(path, html);

    private static string Html(IReadOnlyList<ReportedRate> rates)
    {
        var page = new StringBuilder(ReportPage.Head("Rate limit accuracy"));
        page.Append("<h1>Rate limit accuracy</h1>\n");
        page.Append(CultureInfo.InvariantCulture,
            $"<p>{(rates.Count == 1 ? "One measurement" : $"{rates.Count} measurements")}, {Verdict(rates)}. ");
        page.Append("The rate is measured from the beginning of one burst to the beginning of another; a write counts as spread over the "
            + "pause that follows it, unless the pauses are longer than 250 ms.</p>\n");
        if (rates.Count > 1)
        {
            page.Append("<section>");
            if (rates.Any(rate => rate.Result.Windows.Count > 0))
                page.Append("<div class=\"wide\">").Append(RateCharts.Comparison(rates, isWide: true))
                    .Append("</div><div class=\"narrow\">").Append(RateCharts.Comparison(rates, isWide: false)).Append("</div>\n");
            Table(page, rates);
            page.Append("</section>\n");
        }

        foreach (var rate in rates)
            Section(page, rate);
        return page.Append("</main></body>\n</html>\n").ToString();
    }

    /// <summary>The results side by side; on a narrow page, each is a card of its own with the headings beside its figures.</summary>
    private static void Table(StringBuilder page, IReadOnlyList<ReportedRate> rates)
    {
        // Nothing can be fair or unfair to a single connection.
        string[] headings =
        [
            "Result", "Rate", "Achieved", "Error", "Worst second", "Busiest second", "Longest gap", "First byte",
            .. rates.Any(rate => rate.Fairness is not null) ? ["Fairness"] : Array.Empty<string>(),
        ];
        page.Append("<div class=\"scroll\"><table class=\"cards\"><thead><tr><th scope=\"col\">Measured</th>");
        foreach (var heading in headings)
            page.Append($"<th scope=\"col\">{heading}</th>");
        page.Append("</tr></thead><tbody>\n");
        for (var i = 0; i < rates.Count; i++)
        {
            var rate = rates[i];
            page.Append("<tr><td class=\"name\"><div><span class=\"key\" "
                + $"style=\"background:{RateCharts.Colour(i)}\"></span>{E(rate.Title)}</div></td>");
            string[] figures =
            [
                rate.Result.Passed switch { true => "as expected", false => "not as expected", null => "not measurable now" },
                Rate(rate.Result.ConfiguredRate), Achieved(rate), Error(rate), Worst(rate), Busiest(rate), Time(rate.Result.LongestGap),
                rate.Result.TimeToFirstByte is { } time ? Time(time) : None, rate.Fairness is { } fairness ? N(fairness, "0.000") : None,
            ];
            for (var k = 0; k < headings.Length; k++)
            {
                var tone = k == 0 ? Tone(rate) : figures[k] == None ? "none" : "";
                page.Append($"<td data-label=\"{headings[k]}\"{(tone.Length > 0 ? $" class=\"{tone}\"" : "")}>{figures[k]}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</tbody></table></div>");
    }

    private static void Section(StringBuilder page, ReportedRate rate)
    {
        page.Append($"<section>\n<h2>{E(rate.Title)}</h2>\n<p>{E(rate.Circumstances)}; expected {E(rate.Result.Expected)}</p>\n");
        if (rate.Result.Problem is not null)
            page.Append($"<p class=\"bad\">{E(rate.Result.Problem)}</p>\n");
        if (rate.Result.NotMeasurable is not null)
            page.Append($"<p>{E(rate.Result.NotMeasurable)}</p>\n");
        if (rate.Result.AchievedRate <= 0)
        {
            page.Append("</section>\n");
            return;
        }

        page.Append("<ul class=\"figures\">");
        Figure(page, "rate", Rate(rate.Result.ConfiguredRate));
        Figure(page, "achieved", Achieved(rate));
        Figure(page, "error", Error(rate), Tone(rate));
        Figure(page, "worst second", Worst(rate));
        Figure(page, "busiest second", Busiest(rate));
        Figure(page, "longest gap", Time(rate.Result.LongestGap));
        if (rate.Result.TimeToFirstByte is { } time)
            Figure(page, "first byte after", Time(time));
        if (rate.Fairness is { } fairness)
            Figure(page, "fairness, slowest / fastest", N(fairness, "0.000"));
        page.Append("</ul>\n<div class=\"charts\">\n").Append(RateCharts.Bytes(rate.Result)).Append(RateCharts.Seconds(rate.Result))
            .Append(RateCharts.Gaps(rate.Result)).Append("</div>\n");
        if (rate.Result.Windows.Count > 0)
        {
            page.Append("<details><summary>The figures of each second</summary><div class=\"scroll\"><table><thead><tr><th "
                + "scope=\"col\">Second</th><th scope=\"col\">Bytes</th><th scope=\"col\">Of the rate</th></tr></thead><tbody>\n");
            for (var i = 0; i < rate.Result.Windows.Count; i++)
                page.Append(CultureInfo.InvariantCulture,
                    $"<tr><td>{i + 1}</td><td>{rate.Result.Windows[i]}</td><td>{N((double)rate.Result.Windows[i] / rate.Result.ConfiguredRate * 100, "0.00")}%</td></tr>\n");
            page.Append("</tbody></table></div></details>\n");
        }

        page.Append("</section>\n");
    }

    private static void Figure(StringBuilder page, string name, string value, string tone = "") =>
        page.Append($"<li><span>{name}</span><b{(tone.Length > 0 ? $" class=\"{tone}\"" : "")}>{value}</b></li>");

    private static string Verdict(IReadOnlyList<ReportedRate> rates)
    {
        var failed = rates.Count(rate => rate.Result.Passed == false);
        var unknown = rates.Count(rate => rate.Result.Passed is null);
        if (unknown == rates.Count)
            return "not measurable now";
        var others = unknown == 0 ? "" : $", {unknown} not measurable now";
        return (failed == 0
            ? (unknown > 0 ? $"{rates.Count - unknown} as expected" : rates.Count > 1 ? "all as expected" : "as expected")
            : failed < rates.Count ? $"{failed} not as expected" : failed > 1 ? "none as expected" : "not as expected") + others;
    }

    private static string Tone(ReportedRate rate) => rate.Result.Passed switch { true => "good", false => "bad", null => "" };

    private static string Rate(long rate) => Spaced(Units.FormatRate(rate));

    /// <summary>
    /// Formats in the unit of the rate, with two digits more than the rate needs, because the difference shows in those digits.
    /// </summary>
    private static string Achieved(ReportedRate rate) => rate.Result.AchievedRate <= 0 ? None
        : rate.Result.ConfiguredRate >= 1 << 20
        ? N(rate.Result.AchievedRate / (1 << 20), "0.000") + " MiB/s" : N(rate.Result.AchievedRate / (1 << 10), "0.00") + " KiB/s";

    private static string Error(ReportedRate rate) => rate.Result.AchievedRate <= 0 ? None : Signed(rate.Result.ErrorPercent, "0.00") + "%";

    private static string Worst(ReportedRate rate) => rate.WorstWindowPercent is { } worst ? Signed(worst, "0.0") + "%" : None;

    private static string Busiest(ReportedRate rate) =>
        rate.Result.BusiestSecond is { } bytes ? N(bytes / rate.Result.ConfiguredRate, "0.00") + "×" : None;

    private static string Time(TimeSpan time) => N(time.TotalMilliseconds, time.TotalMilliseconds >= 100 ? "0" : "0.0") + " ms";

    private static string Spaced(string text) => text.Insert(text.AsSpan().IndexOfAnyExcept("0123456789."), " ");

    private static string Signed(double value, string format) =>
        value.ToString($"+{format};\u2212{format};{format}", CultureInfo.InvariantCulture);

    private static string N(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string E(string text) => WebUtility.HtmlEncode(text);
}
