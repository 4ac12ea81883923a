using System.Collections;
using System.Globalization;

namespace DaemonProxy.Configuration;

/// <summary>An option of a daemon group as it is in force.</summary>
/// <param name="Name">Its key in the configuration.</param>
/// <param name="Value">Its value as the configuration would have it; empty where nothing is set.</param>
/// <param name="IsDefault">Whether it is what the option is when it is left out.</param>
public sealed record EffectiveOption(string Name, string Value, bool IsDefault)
{
    /// <summary>All options that a group of its kind has, by the order of the configuration's keys.</summary>
    /// <param name="options">The group.</param>
    public static IReadOnlyList<EffectiveOption> Of(DaemonGroupOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plain = new DaemonGroupOptions
        {
            Name = options.Name,
            Source = options.Source,
            Threads = options.Source == DaemonSource.Application ? DaemonGroupOptions.ApplicationThreads : 0,
        };
        return [.. DaemonSection.OptionsOf(options.Source).Select(key => (Key: key, Value: Text(key, options), Default: Text(key, plain)))
            .Select(option => new EffectiveOption(option.Key, option.Value, option.Value == option.Default))];
    }

    private static string Text(string key, DaemonGroupOptions options)
    {
        // The options are named after their keys, so that none can be forgotten here.
        var property = string.Concat(key.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        var value = typeof(DaemonGroupOptions).GetProperty(property) is { } own ? own.GetValue(options) : typeof(ProcessIdentity).GetProperty(property)!.GetValue(options.Identity);
        return value switch
        {
            null => "",
            TimeSpan time => Units.FormatDuration(time),
            bool on => on ? "on" : "off",
            int mask when key == "umask" => Convert.ToString(mask, 8).PadLeft(3, '0'),
            long or int when key.EndsWith("-size", StringComparison.Ordinal) || key.EndsWith("memory-limit", StringComparison.Ordinal) => Units.FormatSize(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            string text => text,
            // Their values may be passwords.
            IReadOnlyDictionary<string, string> variables => string.Join(", ", variables.Keys),
            IEnumerable list => string.Join(", ", list.Cast<object>()),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }
}
