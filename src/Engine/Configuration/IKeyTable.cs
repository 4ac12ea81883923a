namespace DaemonProxy.Configuration;

/// <summary>A key table for callers that ask for one key at a time, regardless of the type that the mapping becomes.</summary>
internal interface IKeyTable : IEnumerable<string>
{
    /// <summary>What the mapping describes: "a route".</summary>
    string Of { get; }

    /// <summary>The descriptions of all keys, in table order.</summary>
    IEnumerable<KeyDescription> Descriptions { get; }

    /// <summary>Reads the value of a single key; returns null after noting a mistake in it.</summary>
    /// <param name="name">A key of the table.</param>
    /// <param name="node">The value.</param>
    /// <param name="reading">Collects the mistakes.</param>
    object? ReadValue(string name, ConfigurationNode node, Reading reading);
}
