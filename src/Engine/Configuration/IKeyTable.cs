namespace DaemonProxy.Configuration;

/// <summary>A key table for those who ask for one key at a time, whatever the mapping becomes.</summary>
internal interface IKeyTable : IEnumerable<string>
{
    /// <summary>What the mapping describes: "a route".</summary>
    string Of { get; }

    /// <summary>What there is to say of each key, by the order of the table.</summary>
    IEnumerable<KeyDescription> Descriptions { get; }

    /// <summary>Reads a key's value alone; null when it is mistaken, which has been noted.</summary>
    /// <param name="name">A key of the table.</param>
    /// <param name="node">The value.</param>
    /// <param name="reading">Takes the mistakes.</param>
    object? ReadValue(string name, ConfigurationNode node, Reading reading);
}
