using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>An option of a daemon group as it is in force, with what was changed live.</summary>
public sealed class OptionInfo
{
    internal OptionInfo(string name, string daemon, EffectiveOption option)
    {
        Name = name;
        Daemon = daemon;
        Option = option.Name;
        Value = option.Value;
        IsDefault = option.IsDefault;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The daemon group's name.</summary>
    public string Daemon { get; }

    /// <summary>The option's key in the configuration.</summary>
    public string Option { get; }

    /// <summary>Its value as the configuration would have it; empty where nothing is set.</summary>
    public string Value { get; }

    /// <summary>Whether it is what the option is when it is left out.</summary>
    public bool IsDefault { get; }
}
