using System.Globalization;

namespace DaemonProxy.Verification.Reports;

/// <summary>An axis: from 0 to a round number, with round steps between, in a unit that suits.</summary>
internal sealed class ChartScale
{
    private const int MostSteps = 5;

    private ChartScale(double highest, double factor, string unit)
    {
        (Factor, Unit) = (factor, unit);
        var rough = Math.Max(highest / factor, 1e-9) / MostSteps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        Step = factor * power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        Top = Math.Max(1, Math.Ceiling((highest / Step) - 1e-9)) * Step;
    }

    /// <summary>What the unit counts.</summary>
    public double Factor { get; }

    /// <summary>The unit's name.</summary>
    public string Unit { get; }

    /// <summary>The distance of two ticks.</summary>
    public double Step { get; }

    /// <summary>The highest value.</summary>
    public double Top { get; }

    /// <summary>Where the ticks are, 0 among them.</summary>
    public IEnumerable<double> Ticks => Enumerable.Range(0, (int)Math.Round(Top / Step) + 1).Select(i => i * Step);

    /// <summary>Bytes.</summary>
    public static ChartScale Bytes(double highest, string suffix = "") => highest switch
    {
        >= 1L << 30 => new(highest, 1L << 30, "GiB" + suffix),
        >= 1L << 20 => new(highest, 1L << 20, "MiB" + suffix),
        >= 1L << 10 => new(highest, 1L << 10, "KiB" + suffix),
        _ => new(highest, 1, "B" + suffix),
    };

    /// <summary>Times since the begin.</summary>
    public static ChartScale Seconds(TimeSpan longest) => longest > TimeSpan.FromMinutes(5) ? new(longest.TotalSeconds, 60, "min") : new(longest.TotalSeconds, 1, "s");

    /// <summary>Short times, in seconds.</summary>
    public static ChartScale Milliseconds(TimeSpan longest) => new(longest.TotalSeconds, 0.001, "ms");

    /// <summary>Parts of a whole.</summary>
    public static ChartScale Percent(double highest) => new(highest, 0.01, "%");

    /// <summary>A value in the unit, for a tick.</summary>
    public string Text(double value) => (value / Factor).ToString("0.###", CultureInfo.InvariantCulture);
}
