using System.Collections;

namespace DaemonProxy.Configuration;

/// <summary>
/// Which keys a mapping may have, how each value is read and written, where it is stored, and how it is described. The only place that
/// defines a key: the JSON Schema and the options in force are generated from it, and the configuration reference is compared with it.
/// </summary>
/// <typeparam name="TOptions">The options that the mapping becomes.</typeparam>
/// <param name="of">What the mapping describes, for messages: "a route".</param>
/// <param name="plain">The options when no key is given.</param>
internal sealed class KeyTable<TOptions>(string of, TOptions plain) : IKeyTable
{
    private readonly Dictionary<string, Row> _rows = [];

    /// <inheritdoc/>
    public string Of => of;

    /// <inheritdoc/>
    public IEnumerable<KeyDescription> Descriptions => _rows.Values.Select(row => row.Description);

    /// <summary>Adds a key.</summary>
    /// <param name="name">The key.</param>
    /// <param name="kind">The kind of its value.</param>
    /// <param name="get">Gets the value from the options; null: not set.</param>
    /// <param name="set">Stores the value in the options.</param>
    /// <param name="text">Its description.</param>
    public void Add<TValue>(
        string name, ValueKind<TValue> kind, Func<TOptions, TValue?> get, Func<TOptions, TValue, TOptions> set, KeyText text)
    {
        string? Written(TOptions options, Func<TValue, string> write) => get(options) is { } value ? write(value) : null;
        var value = text.Required ? "" : Written(plain, kind.Format) ?? "";
        var json = text.ByDefault is null && value.Length > 0 ? Written(plain, kind.Json ?? (value => $"\"{kind.Format(value)}\"")) : null;
        _rows.Add(name, new Row(
            new KeyDescription(name, text, kind.Schema, kind.Unit, kind.Range, text.ByDefault ?? value, json),
            (options, node, reading) => kind.Read(node, name, reading, out var read) ? set(options, read) : options,
            (node, reading) => kind.Read(node, name, reading, out var read) ? read : null,
            options => Written(options, kind.Format) ?? ""));
    }

    /// <summary>Adds a key whose option may be set to nothing.</summary>
    /// <inheritdoc cref="Add{TValue}(string, ValueKind{TValue}, Func{TOptions, TValue}, Func{TOptions, TValue, TOptions}, KeyText)"/>
    public void Add<TValue>(
        string name, ValueKind<TValue> kind, Func<TOptions, TValue?> get, Func<TOptions, TValue, TOptions> set, KeyText text)
        where TValue : struct
    {
        var maybe = new ValueKind<TValue?>(Read, value => kind.Format(value!.Value), kind.Schema) { Unit = kind.Unit, Range = kind.Range };
        Add(name, maybe, get, (options, value) => set(options, value!.Value), text);

        bool Read(ConfigurationNode node, string key, Reading reading, out TValue? value)
        {
            var done = kind.Read(node, key, reading, out var read);
            value = read;
            return done;
        }
    }

    /// <inheritdoc/>
    public object? ReadValue(string name, ConfigurationNode node, Reading reading) => _rows[name].ReadValue(node, reading);

    /// <summary>Writes an option as a configuration would spell it; empty when nothing is set.</summary>
    /// <param name="name">A key of the table.</param>
    /// <param name="options">The options.</param>
    public string Format(string name, TOptions options) => _rows[name].Format(options);

    /// <summary>Reads a mapping. A mistaken value keeps what <paramref name="options"/> holds.</summary>
    public TOptions Read(MappingNode mapping, TOptions options, Reading reading)
    {
        var given = new Dictionary<string, ScalarNode>();
        foreach (var (key, value) in mapping.Pairs)
        {
            if (!given.TryAdd(key.Text, key))
                reading.Mistake(
                    key, $"the key {key.Shown} is given twice for {of}, first in line {given[key.Text].Line}; leave one of them out");
            else if (!_rows.TryGetValue(key.Text, out var row))
                reading.Mistake(key, $"unknown key {key.Shown} for {of}; {Suggestion(key.Text)}");
            else if (value is ScalarNode { IsNull: true })
                reading.Mistake(key, $"the key {key.Shown} has no value; give it one, or leave the key out for its default");
            else
                options = row.Read(options, value, reading);
        }

        return options;
    }

    public IEnumerator<string> GetEnumerator() => _rows.Keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string Suggestion(string typed) =>
        NearestName.To(typed, _rows.Keys) is { } nearest ? $"did you mean '{nearest}'?" : $"its keys are {string.Join(", ", _rows.Keys)}";

    private sealed record Row(
        KeyDescription Description,
        Func<TOptions, ConfigurationNode, Reading, TOptions> Read,
        Func<ConfigurationNode, Reading, object?> ReadValue,
        Func<TOptions, string> Format);
}
