using System.Globalization;

namespace DaemonProxy.Verification.Reporting;

/// <summary>An axis in a suitable unit, usually from 0 to a round number, with round steps.</summary>
internal sealed class ChartScale
{
    private const int MostSteps = 5;

    private static readonly TimeSpan Shortest = TimeSpan.FromMicroseconds(10);

    private readonly IReadOnlyList<(double Value, string Text)>? _marks;

    private ChartScale(double top, IReadOnlyList<(double Value, string Text)> marks, string caption) =>
        (Factor, Unit, Caption, Step, Top, _marks) = (1, "", caption, 1, top, marks);

    private ChartScale(double lowest, double highest, double factor, string unit, bool endsRound = true)
    {
        (Factor, Unit, Caption) = (factor, unit, $"{unit} since the first byte");
        var rough = Math.Max((highest - lowest) / factor, 1e-9) / MostSteps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        Step = factor * power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        Bottom = Math.Floor((lowest / Step) + 1e-9) * Step;
        Top = endsRound ? Math.Max(Bottom + Step, Math.Ceiling((highest / Step) - 1e-9) * Step) : Math.Max(highest, 1e-9);
    }

    /// <summary>What the unit counts.</summary>
    public double Factor { get; }

    public string Unit { get; }

    /// <summary>What stands below the axis when it runs across.</summary>
    public string Caption { get; }

    /// <summary>The distance between two ticks.</summary>
    public double Step { get; }

    public double Bottom { get; }

    public double Top { get; }

    /// <summary>Where the ticks are.</summary>
    public IEnumerable<double> Ticks => _marks?.Select(mark => mark.Value)
        ?? Enumerable.Range(0, (int)Math.Floor(((Top - Bottom) / Step) + 1e-6) + 1).Select(i => Bottom + (i * Step));

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

    /// <summary>How many.</summary>
    public static ChartScale Count(double highest) => new(0, highest, 1, "");

    /// <summary>Times on a logarithmic axis, with a tick at each power of ten; places on it come from <see cref="PlaceOf"/>.</summary>
    /// <param name="longest">The longest time to show.</param>
    /// <param name="caption">What the times are.</param>
    public static ChartScale Durations(TimeSpan longest, string caption)
    {
        var top = PlaceOf(longest);
        var marks = new List<(double, string)>();
        for (var time = Shortest; PlaceOf(time) <= top + 1e-9; time *= 10)
            marks.Add((PlaceOf(time), time < TimeSpan.FromSeconds(1)
                ? $"{time.TotalMilliseconds.ToString("0.##", CultureInfo.InvariantCulture)} ms" : $"{time.TotalSeconds:0} s"));
        return new(top, marks, caption);
    }

    /// <summary>Where a time is on the axis of <see cref="Durations"/>; below 0.01 ms at its begin.</summary>
    public static double PlaceOf(TimeSpan time) => Math.Max(0, Math.Log10(time / Shortest));

    /// <summary>Parts of a whole, from 0 unless all are close together.</summary>
    public static ChartScale Percent(double lowest, double highest) => new(lowest < 0.7 ? 0 : lowest, highest, 0.01, "%");

    /// <summary>A value in the unit, for a tick.</summary>
    public string Text(double value) =>
        _marks is not null ? _marks.First(mark => mark.Value.Equals(value)).Text
        : (value / Factor).ToString("0.###", CultureInfo.InvariantCulture);
}
