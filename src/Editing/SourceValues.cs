using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// What a text says, as values that can be changed: what aliases and merges stand for is in them in full, each a value of its own.
/// </summary>
internal sealed class SourceValues
{
    private static readonly IReadOnlyList<string> AsTheyCome = [];

    private readonly Dictionary<string, SourceNode> _anchors = [];

    /// <summary>The values of a text.</summary>
    public static SectionValue From(SourceMapping root) => (SectionValue)new SourceValues().Value(root, root);

    /// <summary>Whether what the reader finds in a text is what the values say.</summary>
    public static bool Match(ConfigurationNode node, ConfigurationValue value) => (node, value) switch
    {
        (ScalarNode read, ScalarValue scalar) => read.Text == scalar.Text && (!read.IsNull || scalar.Text.Length == 0),
        (ListNode read, ListValue list) =>
            read.Items.Count == list.Items.Count && read.Items.Zip(list.Items).All(pair => Match(pair.First, pair.Second)),
        (MappingNode read, SectionValue section) => read.Pairs.Count == section.Count
            && read.Pairs.All(pair => section[pair.Key.Text] is { } meant && Match(pair.Value, meant)),
        _ => false,
    };

    /// <param name="node">What the value is.</param>
    /// <param name="place">Where it stands: for an alias, the alias.</param>
    private ConfigurationValue Value(SourceNode node, SourceNode place)
    {
        if (node is SourceAlias alias)
            return Value(_anchors[alias.Name], place);
        ConfigurationValue value = node switch
        {
            SourceScalar scalar => new ScalarValue(scalar.Text) { Source = place },
            SourceList list => List(list, place),
            _ => Section((SourceMapping)node, place),
        };
        if (node.Anchor is { } anchor)
            _anchors[anchor] = node;
        return value;
    }

    private ListValue List(SourceList list, SourceNode place)
    {
        var value = new ListValue { Source = place };
        foreach (var item in list.Items)
            value.Items.Add(Value(item, item));
        return value;
    }

    private SectionValue Section(SourceMapping mapping, SourceNode place)
    {
        var section = new SectionValue { Source = place };
        var merged = new List<SectionValue>();
        foreach (var pair in mapping.Pairs)
        {
            if (pair.Key.Anchor is { } anchor) _anchors[anchor] = pair.Key;
            if (!pair.IsMerge)
                section.Set(pair.Key.Text, Value(pair.Value, pair.Value), AsTheyCome);
            else if (Value(pair.Value, pair.Value) is ListValue list)
                merged.AddRange(list.Items.Cast<SectionValue>());
            else
                merged.Add((SectionValue)Value(pair.Value, pair.Value));
        }

        // What a mapping gives itself wins over what it merges, and what is merged first over what is merged later.
        foreach (var given in merged)
        {
            foreach (var key in given.Keys.Where(key => section[key] is null))
                section.Set(key, given[key]!, AsTheyCome);
        }

        return section;
    }
}
