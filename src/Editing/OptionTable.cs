using System.Globalization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// The options that a section of a configuration can have, taken from the reader's own table, so that an option added there also appears
/// here. Converts an option's value to a number, a time or a switch, and back to text.
/// </summary>
public sealed class OptionTable
{
    private static readonly string Nowhere = Path.GetFullPath(Path.DirectorySeparatorChar.ToString());

    private readonly IKeyTable? _keys;

    private OptionTable(IKeyTable? keys) => (_keys, Names) = (keys, [.. (IEnumerable<string>?)keys ?? []]);

    /// <summary>The options at the top.</summary>
    public static OptionTable Proxy { get; } = new(ProxySection.Keys);

    /// <summary>The options of an item of <c>daemons</c>.</summary>
    public static OptionTable Daemon { get; } = new(DaemonSection.Keys);

    /// <summary>The options of an item of <c>routes</c>.</summary>
    public static OptionTable Route { get; } = new(RouteSection.Keys);

    /// <summary>The options below <c>tls</c>.</summary>
    public static OptionTable Tls { get; } = new(TlsSection.Keys);

    /// <summary>The options below <c>health-check</c> of a daemon group.</summary>
    public static OptionTable HealthCheck { get; } = new(HealthCheckSection.Keys);

    /// <summary>The options below <c>opentelemetry</c>.</summary>
    public static OptionTable Telemetry { get; } = new(TelemetrySection.Keys);

    /// <summary>The options below <c>fleet</c>.</summary>
    public static OptionTable Fleet { get; } = new(FleetSection.Keys);

    /// <summary>The options of an item of <c>rate-limits</c>.</summary>
    public static OptionTable RateLimit { get; } = new(RateLimitSection.Keys);

    /// <summary>A section without a table of options: its values are plain text.</summary>
    public static OptionTable Unknown { get; } = new(null);

    /// <summary>The section's name in messages: "a route".</summary>
    public string Of => _keys?.Of ?? "a section";

    /// <summary>The option names in the order of the table, which is also the order in which they are written.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Finds an option by its name in the file or its property name (<c>RateLimit</c>); null if there is none.</summary>
    public string? Find(string name) => Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)
        || known.Replace("-", "", StringComparison.Ordinal).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The property name of an option: <c>RateLimit</c> for <c>rate-limit</c>.</summary>
    public static string PropertyName(string option) =>
        string.Concat(option.Split('-', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>
    /// The file's name for a property: <c>rate-limit</c> for <c>RateLimit</c>. A name already written that way is returned unchanged.
    /// </summary>
    public static string OptionName(string property) => string.Concat(property.Select((c, i) =>
        char.IsAsciiLetterUpper(c) ? (i > 0 && property[i - 1] != '-' ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>
    /// Reads an option's text: bytes, bytes per second and counts become <see cref="long"/>, times <see cref="TimeSpan"/>, and switches
    /// <see cref="bool"/>. Anything else, including an invalid text, is returned as text.
    /// </summary>
    /// <param name="name">The option.</param>
    /// <param name="text">Its value in the file.</param>
    public object Read(string name, string text) => Meaning(name, text) switch
    {
        long number => number,
        // A time below zero stands for a word, such as auto.
        TimeSpan time when time >= TimeSpan.Zero => time,
        bool on => on,
        _ => text,
    };

    /// <summary>Why the reader would reject a text for an option; null if it would accept it.</summary>
    /// <param name="name">The option.</param>
    /// <param name="text">Its value in the file.</param>
    public string? Mistake(string name, string text)
    {
        if (_keys is null || !Names.Contains(name))
            return null;
        var reading = new Reading("", Nowhere);
        _keys.ReadValue(name, new ScalarNode(text, false, 1, 1), reading);
        try
        {
            reading.ThrowIfMistaken();
            return null;
        }
        catch (ConfigurationException mistakes)
        {
            return mistakes.Errors[0].Message;
        }
    }

    /// <summary>Writes a value so that reading it gives exactly the same value. The current text is kept if it means the same.</summary>
    /// <param name="name">The option.</param>
    /// <param name="value">A number, a time, a switch or a text.</param>
    /// <param name="current">The current text; null for none.</param>
    public string Write(string name, object value, string? current = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        var text = Candidates(value)
            .FirstOrDefault(candidate => Equals(Meaning(name, candidate), value is TimeSpan or bool ? value : Whole(value)))
            ?? Plain(value);
        return current is not null && Meaning(name, current) is { } meant && (meant is long or TimeSpan or bool)
            && meant.Equals(Meaning(name, text)) ? current : text;
    }

    private object? Meaning(string name, string text) =>
        _keys is not null && Names.Contains(name)
            ? _keys.ReadValue(name, new ScalarNode(text, false, 1, 1), new Reading("", Nowhere)) : null;

    private static long? Whole(object value) => value switch
    {
        sbyte or byte or short or ushort or int or uint or long => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong or float or double or decimal => Convert.ToDecimal(value, CultureInfo.InvariantCulture) is var number
            && number == decimal.Truncate(number) && number <= long.MaxValue && number >= long.MinValue ? (long)number : null,
        _ => null,
    };

    /// <summary>The ways to write a value, the most readable first.</summary>
    private static IEnumerable<string> Candidates(object value)
    {
        if (value is TimeSpan time)
            return [Units.FormatDuration(time), Exact(time)];
        if (value is bool on)
            return [on ? "on" : "off"];
        if (Whole(value) is not { } number)
            return [];
        var size = number is >= 1024 && number % 1024 == 0 ? [Units.FormatSize(number), $"{number / 1024}KiB"] : Array.Empty<string>();
        return [.. size, .. size.Select(text => text + "/s"), Plain(number), $"{Plain(number)}B/s"];
    }

    private static string Exact(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerMillisecond == 0 ? $"{Plain(time.Ticks / TimeSpan.TicksPerMillisecond)}ms"
        : $"{Plain(time.Ticks / (decimal)TimeSpan.TicksPerMicrosecond)}us";

    private static string Plain(object value) => value switch
    {
        bool on => on ? "on" : "off",
        TimeSpan time => Exact(time),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
