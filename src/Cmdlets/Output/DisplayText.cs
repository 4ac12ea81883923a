using System.Text.RegularExpressions;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>Formats numbers with units for the module's views: <c>8 MiB</c>, <c>400 KiB/s</c>, <c>5 ms</c>.</summary>
public static partial class DisplayText
{
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

    private static string Spaced(string text) => BetweenNumberAndUnit().Replace(text, " ", 1);

    [GeneratedRegex("(?<=[0-9])(?=[^0-9.])")]
    private static partial Regex BetweenNumberAndUnit();
}
