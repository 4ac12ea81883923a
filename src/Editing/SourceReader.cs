using DaemonProxy.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DaemonProxy.Editing;

/// <summary>
/// Reads the spans of all values in a text. <see cref="NodeComposer"/> has already accepted the text, so depth and syntax need no checks
/// here. Comments belong to no span: an unchanged value is copied together with the text around it.
/// </summary>
internal sealed class SourceReader
{
    private readonly string _text;
    private readonly Parser _parser;

    private SourceReader(string text)
    {
        _text = text;
        _parser = new Parser(new Scanner(new StringReader(text)));
    }

    /// <summary>Reads the top-level mapping of a configuration.</summary>
    public static SourceMapping Read(string text)
    {
        var reader = new SourceReader(text);
        reader._parser.Consume<StreamStart>();
        reader._parser.Consume<DocumentStart>();
        return (SourceMapping)reader.ReadNode();
    }

    /// <summary>The end of the line if only a comment follows on it; otherwise the given position.</summary>
    public static int LineEnd(string text, int place)
    {
        // A value that includes the end of its line (a block scalar, a nested list) has nothing after it.
        if (LineBreak.Ends(text.AsSpan(0, place)))
            return place;
        var at = place;
        while (at < text.Length && text[at] is ' ' or '\t') at++;
        if (at < text.Length && text[at] == '#')
            while (at < text.Length && !LineBreak.Is(text[at])) at++;
        return at == text.Length ? at : LineBreak.Is(text[at]) ? LineBreak.NextLine(text, at) : place;
    }

    private SourceNode ReadNode()
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
            return new SourceAlias { Name = alias.Value.Value, Start = (int)alias.Start.Index, End = (int)alias.End.Index };
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return new SourceScalar
            {
                Text = scalar.Value,
                Style = scalar.Style,
                Anchor = Anchor(scalar),
                Start = Math.Min(BehindProperties(scalar), (int)scalar.End.Index),
                End = (int)scalar.End.Index,
            };
        }

        return _parser.TryConsume<SequenceStart>(out var list) ? ReadList(list) : ReadMapping();
    }

    private SourceList ReadList(SequenceStart start)
    {
        var items = new List<SourceNode>();
        SequenceEnd end;
        while (!_parser.TryConsume(out end!))
            items.Add(ReadNode());
        var flow = start.Style == SequenceStyle.Flow;
        return new SourceList
        {
            Flow = flow,
            Items = items,
            Anchor = Anchor(start),
            Start = BehindProperties(start),
            End = flow ? (int)end.Start.Index + 1 : LineEnd(_text, items[^1].End),
        };
    }

    private SourceMapping ReadMapping()
    {
        var start = _parser.Consume<MappingStart>();
        var pairs = new List<SourcePair>();
        MappingEnd end;
        while (!_parser.TryConsume(out end!))
            pairs.Add(new SourcePair((SourceScalar)ReadNode(), ReadNode()));
        var flow = start.Style == MappingStyle.Flow;
        var at = flow ? BehindProperties(start) : pairs[0].Key.Start;
        // [ key: value ] is a list with one mapping that has no braces; the parser reports its beginning after the key.
        var single = flow && pairs.Count == 1 && (_text[at] != '{' || at >= pairs[0].Key.Start);
        if (single) at = pairs[0].Key.Start;
        return new SourceMapping
        {
            Flow = flow,
            IsSinglePair = single,
            Pairs = pairs,
            Anchor = Anchor(start),
            Start = at,
            End = single ? pairs[^1].Value.End : flow ? (int)end.Start.Index + 1 : LineEnd(_text, pairs[^1].Value.End),
        };
    }

    private static string? Anchor(NodeEvent node) => node.Anchor.IsEmpty ? null : node.Anchor.Value;

    /// <summary>Where the value itself begins: after its anchor and tag, and after a comment between them and the value.</summary>
    private int BehindProperties(NodeEvent node)
    {
        var at = (int)node.Start.Index;
        if (node.Anchor.IsEmpty && node.Tag.IsEmpty)
            return at;
        while (at < _text.Length)
        {
            if (_text[at] is '&' or '!')
                while (at < _text.Length && !char.IsWhiteSpace(_text[at])) at++;
            else if (_text[at] == '#')
                while (at < _text.Length && !LineBreak.Is(_text[at])) at++;
            else if (char.IsWhiteSpace(_text[at]))
                at++;
            else
                break;
        }

        return at;
    }
}
