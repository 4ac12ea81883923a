using DaemonProxy.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DaemonProxy.Editing;

/// <summary>
/// Reads the spans of all values of a text that <see cref="NodeComposer"/> has taken, so that neither depth nor syntax is a question any
/// more. Comments are in no span of their own: whatever is not changed is copied with what stands around it.
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

    /// <summary>Reads the mapping that a configuration is.</summary>
    public static SourceMapping Read(string text)
    {
        var reader = new SourceReader(text);
        reader._parser.Consume<StreamStart>();
        reader._parser.Consume<DocumentStart>();
        return (SourceMapping)reader.ReadNode();
    }

    /// <summary>The end of the line, when nothing but a comment follows in it; otherwise the place itself.</summary>
    public static int LineEnd(string text, int place)
    {
        // What ends with its line (a block scalar, a nested list) has nothing after it.
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
        // [ key: value ] is a list of one mapping without braces; the parser has it begin after its key.
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

    /// <summary>Where the value itself begins, after anchor and tag, and after a comment between them and it.</summary>
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
