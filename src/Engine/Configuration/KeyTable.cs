using System.Collections;

namespace DaemonProxy.Configuration;

/// <summary>
/// Which keys a mapping may have, how each value is read, and where it goes. The one place that says what a key is called; the JSON
/// Schema is tested against it.
/// </summary>
/// <typeparam name="TOptions">The options that the mapping becomes.</typeparam>
/// <param name="of">What the mapping describes, for messages: "a route".</param>
internal sealed class KeyTable<TOptions>(string of) : IKeyTable
{
    private readonly Dictionary<string, Func<TOptions, ConfigurationNode, Reading, TOptions>> _keys = [];
    private readonly Dictionary<string, Func<ConfigurationNode, Reading, object?>> _values = [];

    /// <inheritdoc/>
    public string Of => of;

    /// <summary>Adds a key.</summary>
    /// <param name="name">The key.</param>
    /// <param name="read">Reads its value.</param>
    /// <param name="set">Puts the value where it belongs.</param>
    public void Add<TValue>(string name, ValueReader<TValue> read, Func<TOptions, TValue, TOptions> set)
    {
        _keys.Add(name, (options, node, reading) => read(node, name, reading, out var value) ? set(options, value) : options);
        _values.Add(name, (node, reading) => read(node, name, reading, out var value) ? value : null);
    }

    /// <inheritdoc/>
    public object? ReadValue(string name, ConfigurationNode node, Reading reading) => _values[name](node, reading);

    /// <summary>Reads a mapping. What is mistaken keeps the value it has in <paramref name="options"/>.</summary>
    public TOptions Read(MappingNode mapping, TOptions options, Reading reading)
    {
        var given = new Dictionary<string, ScalarNode>();
        foreach (var (key, value) in mapping.Pairs)
        {
            if (!given.TryAdd(key.Text, key))
                reading.Mistake(key, $"the key {key.Shown} is given twice for {of}, first in line {given[key.Text].Line}; leave one of them out");
            else if (!_keys.TryGetValue(key.Text, out var read))
                reading.Mistake(key, $"unknown key {key.Shown} for {of}; {Suggestion(key.Text)}");
            else if (value is ScalarNode { IsNull: true })
                reading.Mistake(key, $"the key {key.Shown} has no value; give it one, or leave the key out for its default");
            else
                options = read(options, value, reading);
        }

        return options;
    }

    /// <summary>The names of the keys.</summary>
    public IEnumerator<string> GetEnumerator() => _keys.Keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string Suggestion(string typed) =>
        NearestName.To(typed, _keys.Keys) is { } nearest ? $"did you mean '{nearest}'?" : $"its keys are {string.Join(", ", _keys.Keys)}";
}
