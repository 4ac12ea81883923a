using System.Globalization;

namespace DaemonProxy.Verification.Reporting;

/// <summary>An axis in a suitable unit, usually from 0 to a round number, with round steps.</summary>
internal sealed class ChartScale
{
    private const int MostSteps = 5;

    private ChartScale(double lowest, double highest, double factor, string unit, bool endsRound = true)
    {
        (Factor, Unit) = (factor, unit);
        var rough = Math.Max((highest - lowest) / factor, 1e-9) / MostSteps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        Step = factor * power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        Bottom = Math.Floor((lowest / Step) + 1e-9) * Step;
        Top = endsRound ? Math.Max(Bottom + Step, Math.Ceiling((highest / Step) - 1e-9) * Step) : Math.Max(highest, 1e-9);
    }

    /// <summary>What the unit counts.</summary>
    public double Factor { get; }

    public string Unit { get; }

    /// <summary>The distance between two ticks.</summary>
    public double Step { get; }

    public double Bottom { get; }

    public double Top { get; }

    /// <summary>Where the ticks are.</summary>
    public IEnumerable<double> Ticks =>
        Enumerable.Range(0, (int)Math.Floor(((Top - Bottom) / Step) + 1e-6) + 1).Select(i => Bottom + (i * Step));

    public static ChartScale Bytes(double highest, string suffix = "") => highest switch
    {
        >= 1L << 30 => new(0, highest, 1L << 30, "GiB" + suffix),
        >= 1L << 20 => new(0, highest, 1L << 20, "MiB" + suffix),
        >= 1L << 10 => new(0, highest, 1L << 10, "KiB" + suffix),
        _ => new(0, highest, 1, "B" + suffix),
    };

    /// <summary>Times since the first byte, up to just the last.</summary>
    public static ChartScale Seconds(TimeSpan longest) => longest > TimeSpan.FromMinutes(5)
        ? new(0, longest.TotalSeconds, 60, "min", endsRound: false)
        : new(0, longest.TotalSeconds, 1, "s", endsRound: false);

    /// <summary>Short times, in seconds.</summary>
    public static ChartScale Milliseconds(TimeSpan longest) => new(0, longest.TotalSeconds, 0.001, "ms");

    /// <summary>Parts of a whole, from 0 unless all are close together.</summary>
    public static ChartScale Percent(double lowest, double highest) => new(lowest < 0.7 ? 0 : lowest, highest, 0.01, "%");

    /// <summary>A value in the unit, for a tick.</summary>
    public string Text(double value) => (value / Factor).ToString("0.###", CultureInfo.InvariantCulture);
}
