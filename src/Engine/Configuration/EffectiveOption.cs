namespace DaemonProxy.Configuration;

/// <summary>An option of a daemon group or of a fleet, with the value in force.</summary>
/// <param name="Name">Its key in the configuration.</param>
/// <param name="Value">Its value as a configuration would spell it; empty when nothing is set.</param>
/// <param name="IsDefault">Whether this is the value that applies when the key is omitted.</param>
public sealed record EffectiveOption(string Name, string Value, bool IsDefault)
{
    /// <summary>All options available to a group of this kind, in the order of the configuration's keys.</summary>
    /// <param name="options">The group.</param>
    public static IReadOnlyList<EffectiveOption> From(DaemonGroupOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var plain = new DaemonGroupOptions
        {
            Name = options.Name,
            Source = options.Source,
            Threads = options.Source == DaemonSource.Application ? DaemonGroupOptions.ApplicationThreads : 0,
        };
        var keys = DaemonSection.Keys;
        return [.. DaemonSection.OptionsOf(options.Source).Select(key => (Name: key, Value: keys.Format(key, options)))
            .Select(option => new EffectiveOption(option.Name, option.Value, option.Value == keys.Format(option.Name, plain)))];
    }

    /// <summary>All options of a fleet, in the order of the configuration's keys. None of them shows a password.</summary>
    /// <param name="options">The fleet.</param>
    public static IReadOnlyList<EffectiveOption> From(FleetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (keys, plain) = (FleetSection.Keys, new FleetOptions { Redis = options.Redis });
        return [.. keys.Select(key => (Name: key, Value: keys.Format(key, options)))
            .Select(option => new EffectiveOption(
                option.Name, option.Value, option.Name != "redis" && option.Value == keys.Format(option.Name, plain)))];
    }
}
