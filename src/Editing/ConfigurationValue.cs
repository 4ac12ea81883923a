namespace DaemonProxy.Editing;

/// <summary>
/// A value of a configuration that can be changed: what a file will contain. It is not checked; the reader does that when it is written.
/// </summary>
public abstract class ConfigurationValue
{
    /// <summary>
    /// The value's place in the text that it was read from; null for a new value. It distinguishes a moved item from a new one.
    /// </summary>
    internal SourceNode? Source { get; init; }

    /// <summary>Whether both would mean the same in a file.</summary>
    public abstract bool Means(ConfigurationValue? other);
}

/// <summary>A text, number or switch.</summary>
/// <param name="text">The value without quotes.</param>
public sealed class ScalarValue(string text) : ConfigurationValue
{
    /// <summary>The value without quotes.</summary>
    public string Text { get; set; } = text;

    /// <summary>Creates a value that replaces another in the text, so that the text around it stays.</summary>
    public static ScalarValue InPlaceOf(ConfigurationValue old, string text)
    {
        ArgumentNullException.ThrowIfNull(old);
        return new(text) { Source = old.Source };
    }

    /// <inheritdoc/>
    public override bool Means(ConfigurationValue? other) => other is ScalarValue scalar && scalar.Text == Text;
}

/// <summary>A list.</summary>
public sealed class ListValue : ConfigurationValue
{
    /// <summary>The items in order.</summary>
    public List<ConfigurationValue> Items { get; } = [];

    /// <inheritdoc/>
    public override bool Means(ConfigurationValue? other) =>
        other is ListValue list && list.Items.Count == Items.Count && list.Items.Zip(Items).All(pair => pair.First.Means(pair.Second));
}

/// <summary>Keys and their values, each key once.</summary>
public sealed class SectionValue : ConfigurationValue
{
    private readonly List<KeyValuePair<string, ConfigurationValue>> _entries = [];

    /// <summary>The keys in order.</summary>
    public IEnumerable<string> Keys => _entries.Select(entry => entry.Key);

    /// <summary>How many keys there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The value of a key; null if the key is missing.</summary>
    public ConfigurationValue? this[string key] => _entries.Find(entry => entry.Key == key).Value;

    /// <summary>Sets the value of a key. A new key is placed after those that precede it in <paramref name="order"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="order">The order of keys; a key that is not in it goes to the end.</param>
    public void Set(string key, ConfigurationValue value, IReadOnlyList<string> order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var index = _entries.FindIndex(entry => entry.Key == key);
        if (index >= 0)
        {
            _entries[index] = new(key, value);
            return;
        }

        var before = order.TakeWhile(known => known != key).ToHashSet();
        var place = before.Count == order.Count ? _entries.Count : _entries.FindLastIndex(entry => before.Contains(entry.Key)) + 1;
        _entries.Insert(place, new(key, value));
    }

    /// <summary>Removes a key.</summary>
    /// <returns>False if the key is missing.</returns>
    public bool Remove(string key) => _entries.RemoveAll(entry => entry.Key == key) > 0;

    /// <inheritdoc/>
    public override bool Means(ConfigurationValue? other) =>
        other is SectionValue section && section.Count == Count && _entries.TrueForAll(entry => entry.Value.Means(section[entry.Key]));
}
