using System.Text;

namespace DaemonProxy.Editing;

/// <summary>
/// Rewrites a text to match the values, and leaves everything else alone: comments, blank lines, order, quotes and brackets. A comment
/// above a key stays when the key is removed; a comment directly above a list item belongs to the item, and moves or is removed with it.
/// </summary>
internal sealed partial class TextEditor
{
    private readonly string _text;
    private readonly YamlText _yaml;

    // What each anchor up to here will stand for. An alias whose value is now different is written out in full.
    private readonly Dictionary<string, ConfigurationValue> _anchors = [];

    private TextEditor(string text)
    {
        _text = text;
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        _yaml = new YamlText(end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n");
    }

    /// <summary>Rewrites a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">Its spans.</param>
    /// <param name="root">The new values; those that came from the text know their place in it.</param>
    public static string Edit(string text, SourceMapping source, SectionValue root)
    {
        var editor = new TextEditor(text);
        return text[..source.Start] + editor.Edited(root, source) + text[source.End..];
    }

    private string Slice(int start, int end) => _text[start..end];

    private string Slice(SourceNode node) => Slice(node.Start, node.End);

    /// <summary>The text of a node's span, changed to match the value.</summary>
    private string Edited(ConfigurationValue value, SourceNode source, bool inFlow = false)
    {
        var edited = (value, source) switch
        {
            (_, SourceAlias alias) =>
                _anchors.TryGetValue(alias.Name, out var meant) && meant.Means(value) ? Slice(source) : _yaml.Flow(value),
            (ScalarValue scalar, SourceScalar old) when scalar.Text == old.Text => Slice(source),
            (ScalarValue scalar, SourceScalar old) => YamlText.Scalar(scalar.Text, old.Style, inFlow),
            (ListValue { Items.Count: > 0 } list, SourceList { Items.Count: > 0 } old) =>
                old.Flow ? FlowList(list, old) : BlockList(list, old),
            (SectionValue section, SourceMapping { IsSinglePair: true } old) => SinglePair(section, old),
            (SectionValue { Count: > 0 } section, SourceMapping { Pairs.Count: > 0 } old) =>
                old.Flow ? FlowMapping(section, old) : BlockMapping(section, old),
            // However nothing is written: [ ], or with a comment in it.
            (ListValue { Items.Count: 0 }, SourceList { Items.Count: 0 })
                or (SectionValue { Count: 0 }, SourceMapping { Pairs.Count: 0 }) => Slice(source),
            // On a line of its own, it must be indented further than its key.
            (_, SourceList { Flow: false } or SourceMapping { Flow: false }) => "  " + _yaml.Flow(value),
            _ => _yaml.Flow(value),
        };
        if (source.Anchor is { } anchor)
            _anchors[anchor] = value;
        // If the span included its line ending, its replacement does, too.
        return LineBreak.Ends(Slice(source)) && !LineBreak.Ends(edited) ? edited + _yaml.NewLine : edited;
    }

    /// <summary>
    /// Which keys of a section must be written in the mapping itself while its merges stay unchanged; null if the merges contain keys that
    /// are not wanted.
    /// </summary>
    private HashSet<string>? OwnKeys(SectionValue section, SourceMapping source)
    {
        var written = source.Pairs.Where(pair => !pair.IsMerge).Select(pair => pair.Key.Text).ToHashSet();
        var merged = new Dictionary<string, ConfigurationValue>();
        foreach (var alias in source.Pairs.Where(pair => pair.IsMerge)
            .SelectMany(pair => pair.Value is SourceList list ? list.Items : [pair.Value]))
        {
            if (alias is not SourceAlias { Name: var name } || !_anchors.TryGetValue(name, out var meant)
                || meant is not SectionValue given)
                return null;
            foreach (var key in given.Keys)
                merged.TryAdd(key, given[key]!);
        }

        return merged.Keys.Any(key => section[key] is null) ? null
            : [.. section.Keys.Where(
            key => written.Contains(key) || !merged.TryGetValue(key, out var given) || !given.Means(section[key]))];
    }

    /// <summary>The pairs to keep, and for each the new keys that follow it; -1 stands for the beginning of the mapping.</summary>
    private (List<int> Kept, Dictionary<int, List<string>> New) Plan(SectionValue section, SourceMapping source)
    {
        var own = OwnKeys(section, source);
        var kept = Enumerable.Range(0, source.Pairs.Count)
            .Where(i => source.Pairs[i].IsMerge ? own is not null : section[source.Pairs[i].Key.Text] is not null).ToList();
        var places = kept.Where(i => !source.Pairs[i].IsMerge).ToDictionary(i => source.Pairs[i].Key.Text);
        var added = new Dictionary<int, List<string>>();
        var behind = -1;
        foreach (var key in section.Keys)
        {
            if (places.TryGetValue(key, out var place))
                behind = place;
            else if (own is null || own.Contains(key))
                (added.TryGetValue(behind, out var keys) ? keys : added[behind] = []).Add(key);
        }

        return (kept, added);
    }

    private string Pair(SectionValue section, SourcePair pair, bool inFlow) => pair.IsMerge
        ? Slice(pair.Key.Start, pair.Value.End)
        : Slice(pair.Key.Start, pair.Value.Start) + Edited(section[pair.Key.Text]!, pair.Value, inFlow);

    private string FlowMapping(SectionValue section, SourceMapping source)
    {
        var (kept, added) = Plan(section, source);
        var parts = new List<(int? Index, string Text)>();
        foreach (var i in kept.Prepend(-1))
        {
            if (i >= 0)
                parts.Add((i, Pair(section, source.Pairs[i], inFlow: true)));
            foreach (var key in added.GetValueOrDefault(i, []))
                parts.Add((null, $"{YamlText.Scalar(key)}: {_yaml.Flow(section[key]!)}"));
        }

        return Joined(parts, source, [.. source.Pairs.Select(pair => (pair.Key.Start, pair.Value.End))]);
    }

    // A second pair would become a separate item of the enclosing list.
    private string SinglePair(SectionValue section, SourceMapping source) =>
        source.Pairs[0] is { IsMerge: false } pair && section.Keys.Count() == 1 && section[pair.Key.Text] is not null
            ? Pair(section, pair, inFlow: true) : _yaml.Flow(section);

    private string FlowList(ListValue list, SourceList source)
    {
        var parts = list.Items.Select(item => IndexOf(item, source) is { } index
            ? (index, Edited(item, source.Items[index], inFlow: true)) : ((int?)null, _yaml.Flow(item))).ToList();
        return Joined(parts, source, [.. source.Items.Select(item => (item.Start, item.End))]);
    }

    /// <summary>Rewrites the content of brackets or braces; parts that were neighbours keep the text between them.</summary>
    private string Joined(List<(int? Index, string Text)> parts, SourceNode source, List<(int Start, int End)> spans)
    {
        var text = new StringBuilder(Slice(source.Start, spans[0].Start));
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0)
                text.Append(parts[i].Index is { } here && parts[i - 1].Index == here - 1
                    ? Slice(spans[here - 1].End, spans[here].Start) : ", ");
            text.Append(parts[i].Text);
        }

        return text.Append(Slice(spans[^1].End, source.End)).ToString();
    }

    private static int? IndexOf(ConfigurationValue item, SourceList source)
    {
        for (var i = 0; i < source.Items.Count; i++)
        {
            if (ReferenceEquals(source.Items[i], item.Source))
                return i;
        }

        return null;
    }
}
