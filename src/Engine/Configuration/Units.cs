using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DaemonProxy.Configuration;

/// <summary>
/// Sizes, times and rates as people type them (<c>8MiB</c>, <c>5ms</c>, <c>400KiB/s</c>), and back again. Uses the invariant culture,
/// ignores the case of units, and allows a space before the unit. Negative amounts are rejected. Anything finer than a byte or 100 ns is
/// rounded up, so that something never becomes nothing (0 often means "off").
/// </summary>
public static class Units
{
    // K, KB and KiB are all 1,024: PowerShell (1KB) and Apache mean that, and nobody who types 8MB wants 7.63 MiB.
    private static readonly (string Name, long Factor)[] Sizes =
    [
        ("b", 1),
        ("k", 1L << 10), ("kb", 1L << 10), ("kib", 1L << 10),
        ("m", 1L << 20), ("mb", 1L << 20), ("mib", 1L << 20),
        ("g", 1L << 30), ("gb", 1L << 30), ("gib", 1L << 30),
        ("t", 1L << 40), ("tb", 1L << 40), ("tib", 1L << 40),
    ];

    // A whole number of KiB or MiB that is longer than four digits is harder to read than a rounded one.
    private const long LongestWholeRate = 9_999;

    private static readonly (string Name, long Factor)[] Durations =
    [
        ("us", TimeSpan.TicksPerMicrosecond),
        ("\u00b5s", TimeSpan.TicksPerMicrosecond), // the micro sign, as keyboards have it
        ("\u03bcs", TimeSpan.TicksPerMicrosecond), // the Greek letter, as Unicode prefers it
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute), ("min", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
    ];

    /// <summary>
    /// Parses a size: a number, optionally with a fraction, and B, K, KB, KiB, M, MB, MiB, G, GB, GiB, T, TB or TiB, all of them powers of
    /// 1,024.
    /// </summary>
    /// <param name="text">The text as typed; a plain number is in bytes.</param>
    /// <param name="bytes">Bytes, 0 or more.</param>
    public static bool TryParseSize([NotNullWhen(true)] string? text, out long bytes) => TryParse(text, Sizes, plainFactor: 1, out bytes);

    /// <summary>Parses a time: a number, optionally with a fraction, and us, µs, ms, s, m, min or h.</summary>
    /// <param name="text">The text as typed.</param>
    /// <param name="plainUnit">The unit of a plain number: the original uses milliseconds for its flush delay, and seconds for its
    /// timeouts.</param>
    /// <param name="duration">The time, zero or more.</param>
    public static bool TryParseDuration([NotNullWhen(true)] string? text, TimeSpan plainUnit, out TimeSpan duration)
    {
        var done = TryParse(text, Durations, plainUnit.Ticks, out var ticks);
        duration = new TimeSpan(ticks);
        return done;
    }

    /// <summary>
    /// Parses a rate: a size with its unit, followed by <c>/s</c>. A plain number is refused, because Apache's <c>rate-limit 400</c> means
    /// KiB/s and here it could mean bytes; only <c>0</c> needs no unit.
    /// </summary>
    /// <param name="text">The text as typed.</param>
    /// <param name="bytesPerSecond">Bytes a second, 0 or more.</param>
    public static bool TryParseRate([NotNullWhen(true)] string? text, out long bytesPerSecond)
    {
        bytesPerSecond = 0;
        if (text?.Trim() is not { Length: > 0 } trimmed)
            return false;
        if (trimmed == "0")
            return true;
        return trimmed.EndsWith("/s", StringComparison.OrdinalIgnoreCase)
            && TryParse(trimmed[..^2], Sizes, plainFactor: 0, out bytesPerSecond);
    }

    /// <summary>
    /// Formats a size for people, to two decimals: <c>8MiB</c>, <c>1.5KiB</c>, <c>512B</c>. <see cref="TryParseSize"/> parses it again.
    /// </summary>
    public static string FormatSize(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var value = (decimal)Math.Abs((double)bytes);
        var unit = 0;
        // Rounded first: 1,048,575 bytes become 1MiB, not 1024KiB.
        for (; Math.Round(value, 2) >= 1024 && unit < units.Length - 1; unit++)
            value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{(bytes < 0 ? "-" : "")}{value:0.##}{units[unit]}");
    }

    /// <summary>
    /// Formats a rate for people: <see cref="FormatSize"/> followed by <c>/s</c>, but in whole KiB or MiB where two decimals of a larger
    /// unit would round it, so that a configured <c>4000KiB/s</c> is not read back as <c>3.91MiB/s</c>.
    /// </summary>
    public static string FormatRate(long bytesPerSecond)
    {
        var text = FormatSize(bytesPerSecond);
        if (TryParseSize(text, out var shown) && shown != bytesPerSecond)
            foreach (var (unit, factor) in ((string, long)[])[("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10)])
                if (bytesPerSecond % factor == 0 && bytesPerSecond / factor <= LongestWholeRate)
                    return string.Create(CultureInfo.InvariantCulture, $"{bytesPerSecond / factor}{unit}/s");
        return text + "/s";
    }

    /// <summary>
    /// Formats a time for people, to two decimals: <c>5ms</c>, <c>1.5s</c>, <c>90s</c>, <c>2m</c>; zero is <c>0ms</c>. <see
    /// cref="TryParseDuration"/> parses it again.
    /// </summary>
    public static string FormatDuration(TimeSpan duration)
    {
        var ticks = Math.Abs((decimal)duration.Ticks);
        var (unit, factor) = ticks switch
        {
            0 => ("ms", TimeSpan.TicksPerMillisecond),
            < TimeSpan.TicksPerMillisecond => ("us", TimeSpan.TicksPerMicrosecond),
            < TimeSpan.TicksPerSecond => ("ms", TimeSpan.TicksPerMillisecond),
            // Minutes and hours only when nothing is left over: 90s reads better than 1.5m.
            _ when ticks % TimeSpan.TicksPerHour == 0 => ("h", TimeSpan.TicksPerHour),
            _ when ticks % TimeSpan.TicksPerMinute == 0 => ("m", TimeSpan.TicksPerMinute),
            _ => ("s", TimeSpan.TicksPerSecond),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{(duration < TimeSpan.Zero ? "-" : "")}{ticks / factor:0.##}{unit}");
    }

    /// <param name="text">Number and unit.</param>
    /// <param name="units">The valid units.</param>
    /// <param name="plainFactor">The factor of a number without a unit; 0: such a number is refused.</param>
    /// <param name="amount">The number times the unit's factor, rounded up.</param>
    private static bool TryParse([NotNullWhen(true)] string? text, (string Name, long Factor)[] units, long plainFactor, out long amount)
    {
        amount = 0;
        var trimmed = text.AsSpan().Trim();
        var digits = trimmed.IndexOfAnyExcept("0123456789.");
        var number = digits < 0 ? trimmed : trimmed[..digits];
        var unit = digits < 0 ? [] : trimmed[digits..].Trim();
        if (text is null || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;

        var factor = unit.IsEmpty ? plainFactor : 0;
        foreach (var (name, candidate) in units)
        {
            if (unit.Equals(name, StringComparison.OrdinalIgnoreCase))
                factor = candidate;
        }

        if (factor == 0 || value > long.MaxValue / factor)
            return false;
        amount = (long)decimal.Ceiling(value * factor);
        return true;
    }
}
