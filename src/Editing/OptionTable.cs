using System.Globalization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// The options that a section of a configuration can have, from the table that the reader reads with: an option that is added there is
/// here. What an option's value is as a number, a time or a switch, and how such a value is written.
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

    /// <summary>The options of an item of <c>rate-limits</c>.</summary>
    public static OptionTable RateLimit { get; } = new(RateLimitSection.Keys);

    /// <summary>A section that there is no table for here: its values are texts.</summary>
    public static OptionTable Unknown { get; } = new(null);

    /// <summary>What a section is called in messages: "a route".</summary>
    public string Of => _keys?.Of ?? "a section";

    /// <summary>The options' names in the order of the table, which is the order in which they are written.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// The option that was meant, whose name may be written as in the file or as a property (<c>RateLimit</c>); null when there is none.
    /// </summary>
    public string? Find(string name) => Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)
        || known.Replace("-", "", StringComparison.Ordinal).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The name as a property has it: <c>RateLimit</c> for <c>rate-limit</c>.</summary>
    public static string PropertyName(string option) =>
        string.Concat(option.Split('-', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>
    /// The file's name for a property: <c>rate-limit</c> for <c>RateLimit</c>, and what is written that way already as it is.
    /// </summary>
    public static string OptionName(string property) => string.Concat(property.Select((c, i) =>
        char.IsAsciiLetterUpper(c) ? (i > 0 && property[i - 1] != '-' ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>
    /// What an option's text means: bytes, bytes a second or a count as <see cref="long"/>, a <see cref="TimeSpan"/>, a <see cref="bool"/>;
    /// anything else, and what is mistaken, is the text.
    /// </summary>
    /// <param name="name">The option.</param>
    /// <param name="text">Its value in the file.</param>
    public object Read(string name, string text) => Meaning(name, text) switch
    {
        long number => number,
        TimeSpan time => time,
        bool on => on,
        _ => text,
    };

    /// <summary>Why the reader would not take a text for an option; null when it would.</summary>
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

    /// <summary>How a value is written so that it is read again exactly as it is; the text there is stays when it means the same.</summary>
    /// <param name="name">The option.</param>
    /// <param name="value">A number, a time, a switch or a text.</param>
    /// <param name="current">The text there is; null for none.</param>
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

    /// <summary>The ways to write a value, the best to read first.</summary>
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
