using System.Text.RegularExpressions;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>Numbers with their units, as the module's views show them: <c>8 MiB</c>, <c>400 KiB/s</c>, <c>5 ms</c>.</summary>
public static partial class DisplayText
{
    /// <summary>A size.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string Size(long bytes) => Spaced(Units.FormatSize(bytes));

    /// <summary>A rate.</summary>
    /// <param name="bytesPerSecond">Bytes a second.</param>
    public static string Rate(double bytesPerSecond) => Spaced(Units.FormatRate((long)bytesPerSecond));

    /// <summary>A time.</summary>
    public static string Time(TimeSpan duration) => Spaced(Units.FormatDuration(duration));

    private static string Spaced(string text) => BetweenNumberAndUnit().Replace(text, " ", 1);

    [GeneratedRegex("(?<=[0-9])(?=[^0-9.])")]
    private static partial Regex BetweenNumberAndUnit();
}
