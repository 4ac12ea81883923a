using System.Diagnostics.CodeAnalysis;

namespace DaemonProxy.Configuration;

/// <summary>The kinds of values that are lists and mappings.</summary>
internal static class ListKinds
{
    /// <summary>A list of at least one item; mistaken items are left out.</summary>
    /// <param name="item">Reads an item.</param>
    /// <param name="example">An example of a correct value, for messages.</param>
    public static ValueKind<IReadOnlyList<T>> ListOf<T>(ValueKind<T> item, string example) =>
        new((node, key, reading, [MaybeNullWhen(false)] out values) =>
        {
            var items = (node as ListNode)?.Items ?? [];
            values = ReadAll(items, item, key, reading);
            if (items.Count > 0)
                return true;
            reading.Mistake(node, node is ListNode
                ? $"{key}: the list is empty; write for example {example}, or leave the key out"
                : $"{key}: a list belongs here, and this is {node.Kind}; write for example {example}");
            return false;
        }, Joined(item), ArrayOf(item.Schema))
        { Range = item.Range, Json = JsonOf(item) };

    /// <summary>A list of at least one item, or a single item without the brackets.</summary>
    /// <param name="item">Reads an item.</param>
    /// <param name="example">An example of a correct value, for messages.</param>
    public static ValueKind<IReadOnlyList<T>> OneOrMore<T>(ValueKind<T> item, string example) =>
        new((node, key, reading, [MaybeNullWhen(false)] out values) =>
        {
            if (node is not ScalarNode)
                return ListOf(item, example).Read(node, key, reading, out values);
            values = ReadAll([node], item, key, reading);
            return true;
        }, Joined(item), $"\"oneOf\": [{{ {item.Schema} }}, {{ {ArrayOf(item.Schema)} }}]")
        { Range = item.Range, Json = JsonOf(item) };

    // Declared before its first use below: initialisers run in file order.
    private static ValueKind<string> Argument { get; } = new((node, key, reading, [MaybeNullWhen(false)] out value) =>
    {
        value = (node as ScalarNode)?.Text;
        if (value is not null && !value.Contains('\0'))
            return true;
        reading.Mistake(node, value is not null
            ? $"{key}: an argument holds a NUL character; leave it out"
            : $"{key}: an argument must be one text, and this is {node.Kind}; "
                + "put what holds braces, brackets or colons in quotes, as in \"unix:{socket}\"");
        return false;
    }, text => text, """ "type": ["string", "number", "boolean"] """);

    /// <summary>Folders, one or a list, made absolute relative to the file's folder.</summary>
    public static ValueKind<IReadOnlyList<string>> Folders { get; } = OneOrMore(ValueKinds.FullPath, "[ lib ]");

    /// <summary>A program and its arguments.</summary>
    public static ValueKind<IReadOnlyList<string>> Command { get; } = new((node, key, reading, [MaybeNullWhen(false)] out values) =>
    {
        values = [];
        if (node is ScalarNode line)
        {
            // No shell splits the words, so a blank inside an argument is preserved.
            var words = line.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => $"\"{word}\"");
            reading.Mistake(node, $"{key}: the program and its arguments are a list; write [ {string.Join(", ", words)} ]");
            return false;
        }

        if (!ListOf(Argument, "[ gunicorn, --bind, \"unix:{socket}\", \"app:application\" ]").Read(node, key, reading, out values))
            return false;
        if (((ListNode)node).Items[0] is not ScalarNode { Text: "" } program)
            return true;
        reading.Mistake(program, $"{key}: the first item is empty, and it names the program to run");
        return false;
    }, Joined(Argument),
        $"{ArrayOf(Argument.Schema)}, \"examples\": [[\"gunicorn\", \"--bind\", \"unix:{{socket}}\", \"app:application\"]]");

    /// <summary>Environment variables: a mapping of names to texts.</summary>
    public static ValueKind<IReadOnlyDictionary<string,
        string>> Variables
    { get; } = new((node, key, reading, [MaybeNullWhen(false)] out values) =>
    {
        values = null;
        if (node is not MappingNode mapping)
        {
            reading.Mistake(
                node, $"{key}: names and values of environment variables belong here, and this is {node.Kind}; write for example {{ "
                + "DJANGO_SETTINGS_MODULE: site.settings }");
            return false;
        }
        var variables = new Dictionary<string, string>();
        foreach (var (name, value) in mapping.Pairs)
        {
            if (!VariableName.Allows(name.Text))
                reading.Mistake(name, $"{key}: {name.Shown} cannot be the name of an environment variable; {VariableName.Sentence}");
            else if (value is not ScalarNode text || text.Text.Contains('\0'))
                reading.Mistake(
                    value, $"{key}: the value of {name.Shown} must be one text, and this is {value.Kind}; put what holds braces, brackets "
                    + "or colons in quotes");
            else if (!variables.TryAdd(name.Text, text.IsNull ? "" : text.Text))
                reading.Mistake(name, $"{key}: the variable {name.Shown} is given twice; leave one of them out");
        }
        values = variables;
        return true;
        // Their values may be passwords.
    }, variables => string.Join(", ", variables.Keys), """
        "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] }, "examples": [{ "DJANGO_SETTINGS_MODULE": "site.settings" }]
        """);

    /// <summary>A mapping.</summary>
    /// <param name="read">Reads it.</param>
    /// <param name="example">An example of a correct value, for messages.</param>
    /// <param name="schema">The members of its JSON Schema.</param>
    public static ValueKind<T> Mapping<T>(Func<MappingNode, Reading, T> read, string example, string schema) =>
        new((node, key, reading, [MaybeNullWhen(false)] out value) =>
        {
            if (node is MappingNode mapping)
            {
                value = read(mapping, reading);
                return true;
            }

            reading.Mistake(node, $"{key}: keys and values belong here, and this is {node.Kind}; write for example {example}");
            value = default;
            return false;
        }, _ => "", schema);

    private static Func<IReadOnlyList<T>, string> Joined<T>(ValueKind<T> item) => values => string.Join(", ", values.Select(item.Format));

    private static Func<IReadOnlyList<T>, string> JsonOf<T>(ValueKind<T> item) =>
        values => $"[{string.Join(", ", values.Select(value => item.Json?.Invoke(value) ?? $"\"{item.Format(value)}\""))}]";

    private static string ArrayOf(string item) => $"\"type\": \"array\", \"minItems\": 1, \"items\": {{ {item} }}";

    private static List<T> ReadAll<T>(IReadOnlyList<ConfigurationNode> nodes, ValueKind<T> item, string key, Reading reading)
    {
        var values = new List<T>();
        foreach (var node in nodes)
        {
            if (item.Read(node, key, reading, out var value))
                values.Add(value);
        }

        return values;
    }
}
