using System.Globalization;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Display;

namespace DaemonProxy.Verification.Advising;

/// <summary>Advice as text for a terminal, less than 80 columns wide.</summary>
internal static class AdviceTable
{
    private const int Width = 79;

    /// <summary>The group, a row for each delay, and the reason.</summary>
    public static string Text(FlushAdvice advice)
    {
        var text = new StringBuilder();
        Wrap(text, string.Create(CultureInfo.InvariantCulture,
            $"{advice.Name}, group {advice.Daemon}: {advice.Stalls} stalls in transfers, {advice.Pauses} pauses of idle streams, "
            + $"{advice.Undivided} undivided responses{Limit(advice)}"));
        if (advice.Rows.Count > 0)
        {
            text.AppendLine();
            var table = new TextTable(
                ("", false), ("delay", true), ("bridged", true), ("flushes/s", true), ("held p50", true), ("held p99", true),
                ("writes/MiB", true), ("rate", true));
            foreach (var row in advice.Rows)
                table.Add(
                    row.IsRecommended ? ">" : "",
                    row.ShownDelay + (row.IsInForce ? "*" : " "),
                    row.Bridged is { } bridged ? Percent(bridged) : "-",
                    Number(row.FlushesPerSecond),
                    Milliseconds(row.HeldP50),
                    Milliseconds(row.HeldP99),
                    Number(row.WritesPerMebibyte),
                    row.RateShare is { } share ? Percent(share) : "");
            text.Append(table).AppendLine().AppendLine("> recommended   * in force");
        }

        Wrap(text, advice.Recommended is null ? advice.Reason : $"{advice.ShownRecommendation}: {advice.Reason}");
        if (advice.Applied)
            Wrap(text, $"Set: {advice.ShownRecommendation} instead of {advice.FlushPolicy.ShownDelay}; a restart brings the "
                + "configuration's value back.");
        return text.ToString().TrimEnd();
    }

    private static string Limit(FlushAdvice advice) =>
        advice.RateLimit > 0 ? $"; {advice.LimitedRoute} limited to {Units.FormatRate(advice.RateLimit)} by intervals" : "";

    private static string Percent(double part) => (part * 100).ToString("0.#", CultureInfo.InvariantCulture) + "%";

    private static string Number(double value) =>
        value.ToString(value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan? time) => time is not { TotalMilliseconds: var milliseconds } ? "-"
        : milliseconds.ToString(milliseconds >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + " ms";

    /// <summary>Adds a sentence in lines of the width.</summary>
    private static void Wrap(StringBuilder text, string sentence)
    {
        var length = 0;
        foreach (var word in sentence.Split(' '))
        {
            if (length > 0 && length + 1 + word.Length > Width)
            {
                text.AppendLine();
                length = 0;
            }

            text.Append(length > 0 ? " " : "").Append(word);
            length += (length > 0 ? 1 : 0) + word.Length;
        }

        text.AppendLine();
    }
}
