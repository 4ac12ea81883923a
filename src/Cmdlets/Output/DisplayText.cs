using System.Management.Automation;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>Formats numbers with units for the module's views: <c>8 MiB</c>, <c>400 KiB/s</c>, <c>5 ms</c>.</summary>
public static partial class DisplayText
{
    private const string Red = "\e[31m";
    private const string Green = "\e[32m";
    private const string Yellow = "\e[33m";

    /// <summary>Formats a size.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string Size(long bytes) => Spaced(Units.FormatSize(bytes));

    /// <summary>Formats a size that need not be exact, to three digits.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string RoundSize(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        double amount = bytes;
        var unit = 0;
        for (; amount >= 1000 && unit < units.Length - 1; unit++)
            amount /= 1024;
        return $"{amount.ToString(unit == 0 || amount >= 100 ? "0" : amount >= 10 ? "0.0" : "0.00", System.Globalization.CultureInfo.InvariantCulture)} {units[unit]}";
    }

    /// <summary>Formats a rate.</summary>
    /// <param name="bytesPerSecond">Bytes per second.</param>
    public static string Rate(double bytesPerSecond) => Spaced(Units.FormatRate((long)bytesPerSecond));

    /// <summary>Formats a time.</summary>
    public static string Time(TimeSpan duration) => Spaced(Units.FormatDuration(duration));

    /// <summary>
    /// Colours the state of a front end or a daemon: green when it serves, yellow on the way there, red when it does not.
    /// </summary>
    /// <remarks>PowerShell removes colours where <c>$PSStyle.OutputRendering</c> or <c>NO_COLOR</c> does not want them.</remarks>
    public static string State(string state) => state switch
    {
        "Serving" or "Ready" or "External" => Coloured(state, Green),
        "Stopped" or "BackingOff" => Coloured(state, Red),
        _ => Coloured(state, Yellow),
    };

    /// <summary>Colours a verdict: green for true, red for false, yellow for a result without one.</summary>
    /// <param name="result">A result of the <c>Test-</c> cmdlets, or true or false.</param>
    public static string Verdict(object result)
    {
        var value = result is PSObject { BaseObject: var inner } ? inner : result;
        var (passed, instead) = value switch
        {
            RateResult rate => (rate.Passed, rate.NotMeasurable),
            LatencyResult latency => (latency.Passed, latency.NotMeasurable),
            EmbeddedResult embedded => (embedded.Passed, embedded.Skipped),
            _ => (value as bool?, null),
        };
        if (value is RateResult { Interrupted: true } or ServerFlushResult { Interrupted: true })
            return Coloured("interrupted", Yellow);
        if (instead is not null || passed is null)
            return Coloured(value is EmbeddedResult ? "skipped" : "not measurable", Yellow);
        return passed.Value ? Coloured("True", Green) : Coloured("False", Red);
    }

    /// <summary>The end of a text that is too long for a column: what tells one address from another is at its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="width">The greatest length, in characters.</param>
    public static string Ending(object text, int width) =>
        $"{text}" is var whole && whole.Length <= width ? whole : $"…{whole[^(width - 1)..]}";

    private static string Coloured(string text, string colour) => $"{colour}{text}\e[0m";

    private static string Spaced(string text) => BetweenNumberAndUnit().Replace(text, " ", 1);

    [GeneratedRegex("(?<=[0-9])(?=[^0-9.])")]
    private static partial Regex BetweenNumberAndUnit();
}
