using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DaemonProxy.Configuration;

/// <summary>
/// Composes YAML into nodes that know their position. YamlDotNet's own model is unsuitable: it stops at the first duplicate key, and it
/// recurses as deeply as the file demands, so a file of brackets would overflow the stack, which nothing can catch.
/// </summary>
internal sealed class NodeComposer
{
    /// <summary>Deeper than any valid configuration, whose deepest value is an item of a command, at level 5.</summary>
    private const int DeepestNesting = 32;

    /// <summary>Counts aliases in full; otherwise nine lines of aliases to aliases could stand for billions of values.</summary>
    private const long MostValues = 100_000;

    private const string Advice = "check indentation, brackets and quotes here and in the line above";

    /// <summary>The line ends that YamlDotNet recognises and so counts lines by.</summary>
    private static readonly string[] LineEnds = ["\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"];

    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly string _yaml;
    private readonly string _fileName;
    private readonly Dictionary<AnchorName, ConfigurationNode?> _anchors = [];
    private long _values;

    private NodeComposer(string yaml, string fileName)
    {
        _yaml = yaml;
        _fileName = fileName;
        _scanner = new Scanner(new StringReader(yaml));
        _parser = new Parser(_scanner);
    }

    /// <summary>Composes the single document of a file.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="fileName">The file's name in messages.</param>
    /// <exception cref="ConfigurationException">The text is empty or not YAML. There is one error, because anything after a syntax error is
    /// guesswork.</exception>
    public static ConfigurationNode Compose(string yaml, string fileName)
    {
        var composer = new NodeComposer(yaml, fileName);
        // YamlDotNet takes it for the end of the file and would silently ignore everything after it.
        if (yaml.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var nul)
        {
            var before = yaml[..nul].Split(LineEnds, StringSplitOptions.None);
            throw composer.Mistake(
                before.Length, before[^1].Length + 1, "the file holds a NUL character, which no text does; leave it out");
        }

        try
        {
            return composer.ComposeDocument();
        }
        catch (YamlException exception)
        {
            throw composer.SyntaxError(exception);
        }
        catch (Exception failure) when (failure is not ConfigurationException)
        {
            // Whatever the exception, the text is at fault. YamlDotNet fails like this, for example, on a bracketed list that continues on
            // a line with less indentation (its issue 541), and on a tag that is not a URI.
            throw composer.Mistake(composer._scanner.CurrentPosition, $"this is no YAML: it cannot be read on from here; {Advice}");
        }
    }

    private ConfigurationNode ComposeDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
            throw Empty();
        _parser.Consume<DocumentStart>();
        var root = ComposeNode(depth: 1);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
            throw Mistake(
                second.Start, "a second document begins here, and a configuration is one document; leave out the '---' or what follows it");
        return root is ScalarNode { IsNull: true } ? throw Empty() : root;
    }

    private ConfigurationNode ComposeNode(int depth)
    {
        var start = _parser.Current!.Start;
        if (depth > DeepestNesting)
            throw Mistake(
                start, $"values are nested deeper than {DeepestNesting} levels, which no configuration needs; is there a bracket too "
                + "many?");
        if (_parser.TryConsume<AnchorAlias>(out var alias))
            return Resolve(alias);

        var anchor = AnchorName.Empty;
        if (_parser.Current is NodeEvent current)
        {
            anchor = current.Anchor;
            // A custom tag asks for an action (!include, !env); silently ignoring it would be wrong.
            if (!current.Tag.IsEmpty && !current.Tag.IsNonSpecific
                && !current.Tag.Value.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal))
                throw Mistake(start, $"the tag '{current.Tag.Value}' means nothing here; leave it out");
        }

        Count(1, start);
        // Until the value is composed: an alias inside it refers to something that does not exist yet.
        if (!anchor.IsEmpty)
            _anchors[anchor] = null;
        ConfigurationNode node;
        if (_parser.TryConsume<Scalar>(out var scalar))
            node = new ScalarNode(scalar.Value, scalar.Style is ScalarStyle.Plain, Line(start), Column(start));
        else if (_parser.TryConsume<SequenceStart>(out _))
            node = ComposeList(start, depth);
        else
            node = ComposeMapping(start, depth);
        if (!anchor.IsEmpty)
            _anchors[anchor] = node;
        return node;
    }

    private ListNode ComposeList(Mark start, int depth)
    {
        var items = new List<ConfigurationNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ComposeNode(depth + 1));
        return new ListNode(items, Line(start), Column(start)) { Weight = 1 + items.Sum(item => item.Weight) };
    }

    private MappingNode ComposeMapping(Mark start, int depth)
    {
        _parser.Consume<MappingStart>();
        var pairs = new List<MappingPair>();
        var merged = new List<MappingPair>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var keyStart = _parser.Current!.Start;
            if (ComposeNode(depth + 1) is not ScalarNode key)
            {
                throw Mistake(keyStart, "a key must be a name, not a list or mapping; "
                    + "text with braces or brackets must stand in quotes, as in \"unix:{socket}\"");
            }

            var value = ComposeNode(depth + 1);
            if (key is { Plain: true, Text: "<<" })
                merged.AddRange(Merged(value));
            else
                pairs.Add(new MappingPair(key, value));
        }

        if (merged.Count > 0)
        {
            // A mapping's own keys win over merged ones, and keys merged first win over keys merged later.
            var given = pairs.Select(pair => pair.Key.Text).ToHashSet();
            pairs.AddRange(merged.Where(pair => given.Add(pair.Key.Text)));
        }
        return new MappingNode(pairs, Line(start), Column(start)) { Weight = 1 + pairs.Sum(pair => 1 + pair.Value.Weight) };
    }

    /// <summary>The pairs that <c>&lt;&lt;: *anchor</c> or <c>&lt;&lt;: [ *one, *other ]</c> brings in (YAML's merge key).</summary>
    private IEnumerable<MappingPair> Merged(ConfigurationNode value)
    {
        var mappings = value is ListNode list ? list.Items : [value];
        return mappings.All(item => item is MappingNode)
            ? mappings.Cast<MappingNode>().SelectMany(mapping => mapping.Pairs)
            : throw Mistake(value.Line, value.Column, $"'<<' merges mappings, and this is {value.Kind}; write for example <<: *app");
    }

    private ConfigurationNode Resolve(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out var node))
            throw Mistake(
                alias.Start, $"the alias '*{alias.Value}' names nothing; put '&{alias.Value}' before the value it stands for, further up");
        if (node is null)
            throw Mistake(
                alias.Start, $"the alias '*{alias.Value}' stands inside the very value that it names; refer to a value that is complete");
        Count(node.Weight, alias.Start);
        return node;
    }

    private void Count(long values, Mark mark)
    {
        _values += values;
        if (_values > MostValues)
            throw Mistake(
                mark, $"the file holds more than {MostValues:N0} values up to here, aliases counted in full, which no configuration needs");
    }

    private ConfigurationException SyntaxError(YamlException exception)
    {
        var (line, column) = (Line(exception.Start), Column(exception.Start));
        var lines = _yaml.Split(LineEnds, StringSplitOptions.None);
        // A tab is the most common mistake; the parser reports it at the start of the value before it.
        var last = exception.Message.Contains("tab", StringComparison.Ordinal) ? Line(_scanner.CurrentPosition) : line;
        for (var i = line; i <= last && i <= lines.Length; i++)
        {
            var tab = lines[i - 1].IndexOf('\t');
            if (tab >= 0 && string.IsNullOrWhiteSpace(lines[i - 1][..tab]))
                return Mistake(i, tab + 1, "this line is indented with a tab, and YAML takes spaces only");
        }

        // The second most common: inside brackets, unix:{socket} begins a mapping.
        if (line <= lines.Length && lines[line - 1].ElementAtOrDefault(column - 1) == '{')
            return Mistake(line, column, "this is no YAML: text with braces must stand in quotes, as in \"unix:{socket}\"");

        var reason = exception.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        reason = reason.Length == 0 ? "it ends too early" : char.ToLowerInvariant(reason[0]) + reason[1..];
        return Mistake(line, column, $"this is no YAML: {reason}; {Advice}");
    }

    private ConfigurationException Empty() =>
        Mistake(0, 0, "the file is empty; give it at least one key, for example 'name: site'");

    private ConfigurationException Mistake(Mark mark, string message) => Mistake(Line(mark), Column(mark), message);

    private ConfigurationException Mistake(int line, int column, string message) =>
        new([ConfigurationError.Quoting(_fileName, line, column, message)]);

    private static int Line(Mark mark) => (int)mark.Line;

    private static int Column(Mark mark) => (int)mark.Column;
}
