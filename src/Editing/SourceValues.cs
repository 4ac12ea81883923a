using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>Converts a text to values that can be changed. Aliases and merges are expanded in full, each into a value of its own.</summary>
internal sealed class SourceValues
{
    private static readonly IReadOnlyList<string> AsTheyCome = [];

    private readonly Dictionary<string, SourceNode> _anchors = [];

    /// <summary>The values of a text.</summary>
    public static SectionValue From(SourceMapping root) => (SectionValue)new SourceValues().Value(root, root);

    /// <summary>Whether the reader finds in a text exactly what the values say.</summary>
    public static bool Match(ConfigurationNode node, ConfigurationValue value) => (node, value) switch
    {
        (ScalarNode read, ScalarValue scalar) => read.Text == scalar.Text && (!read.IsNull || scalar.Text.Length == 0),
        (ListNode read, ListValue list) =>
            read.Items.Count == list.Items.Count && read.Items.Zip(list.Items).All(pair => Match(pair.First, pair.Second)),
        (MappingNode read, SectionValue section) => read.Pairs.Count == section.Count
            && read.Pairs.All(pair => section[pair.Key.Text] is { } meant && Match(pair.Value, meant)),
        _ => false,
    };

    /// <param name="node">The node to convert.</param>
    /// <param name="place">The node's place in the text: for an alias, the alias itself.</param>
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

        // A mapping's own keys win over merged ones, and earlier merges over later ones.
        foreach (var given in merged)
        {
            foreach (var key in given.Keys.Where(key => section[key] is null))
                section.Set(key, given[key]!, AsTheyCome);
        }

        return section;
    }
}
