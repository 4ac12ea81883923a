using System.Globalization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A parameter that takes a time: <c>5ms</c>, <c>0.5s</c>, a <c>[timespan]</c>, or a plain number in the parameter's own unit.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationAttribute : UnitAttribute
{
    /// <summary>
    /// Whether a plain number is in seconds; otherwise it is in milliseconds, as in the original's <c>response-flush-delay</c>.
    /// </summary>
    public bool InSeconds { get; init; }

    /// <summary>The milliseconds that the word <c>auto</c> stands for; 0: the word is not accepted.</summary>
    public int AutoAs { get; init; }

    private protected override string Wrong => InSeconds
        ? "is no time; write for example 10s, 500ms, a number of seconds, or a [timespan] that is not negative"
        : "is no time; write for example 5ms, 0.5s, a number of milliseconds, or a [timespan] that is not negative";

    private protected override object? FromText(string text)
    {
        if (AutoAs != 0 && text.Trim().Equals("auto", StringComparison.OrdinalIgnoreCase)) return TimeSpan.FromMilliseconds(AutoAs);
        if (Units.TryParseDuration(text, InSeconds ? TimeSpan.FromSeconds(1) : TimeSpan.FromMilliseconds(1), out var duration))
            return duration;
        // The text form of a [timespan], as found in a CSV file.
        return text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out duration) ? FromValue(duration) : null;
    }

    private protected override object? FromValue(object value) =>
        value is TimeSpan duration && (duration >= TimeSpan.Zero || (AutoAs != 0 && duration == TimeSpan.FromMilliseconds(AutoAs)))
            ? duration : null;
}
