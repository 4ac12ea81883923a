using System.Text;
using YamlDotNet.Core;

namespace DaemonProxy.Editing;

/// <summary>
/// Writes values as YAML where there was no text before: sections and lists of sections in block style, lists of single values in brackets.
/// </summary>
/// <param name="newLine">The line ending.</param>
internal sealed class YamlText(string newLine)
{
    private const int Step = 2;

    /// <summary>The line ending.</summary>
    public string NewLine => newLine;

    public string Document(SectionValue root)
    {
        var text = new StringBuilder();
        foreach (var key in root.Keys)
        {
            // A list of sections is a part of its own for the reader.
            if (text.Length > 0 && IsBlock(root[key]!)) text.Append(newLine);
            text.Append(Entry(key, root[key]!, 0));
        }

        return text.ToString();
    }

    /// <summary>A key and its value in lines. The first line lacks its indentation; the last one includes its line ending.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="indent">The key's column, from 0.</param>
    public string Entry(string key, ConfigurationValue value, int indent) => $"{Scalar(key)}:{Behind(value, indent + Step)}";

    /// <summary>A list item with its dash, in lines. The first line lacks its indentation; the last one includes its line ending.</summary>
    /// <param name="value">The item.</param>
    /// <param name="indent">The dash's column, from 0.</param>
    public string Item(ConfigurationValue value, int indent) =>
        value is SectionValue { Count: > 0 } section ? $"- {Entries(section, indent + Step)}" : $"- {Flow(value)}{newLine}";

    /// <summary>A value on a single line.</summary>
    public string Flow(ConfigurationValue value) => value switch
    {
        ScalarValue scalar => Scalar(scalar.Text, inFlow: true),
        ListValue { Items: [] } => "[]",
        ListValue list => $"[ {string.Join(", ", list.Items.Select(Flow))} ]",
        SectionValue { Count: 0 } => "{}",
        SectionValue section => $"{{ {string.Join(", ", section.Keys.Select(key => $"{Scalar(key)}: {Flow(section[key]!)}"))} }}",
        _ => throw new ArgumentException("There is no other kind of value.", nameof(value)),
    };

    /// <summary>A single value, quoted if it needs quotes or had them before.</summary>
    /// <param name="text">The value.</param>
    /// <param name="style">How the previous value was written.</param>
    /// <param name="inFlow">Whether the value is inside brackets or braces.</param>
    public static string Scalar(string text, ScalarStyle style = ScalarStyle.Plain, bool inFlow = false) => style switch
    {
        ScalarStyle.SingleQuoted when !text.Any(char.IsControl) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'",
        ScalarStyle.Plain when IsPlain(text, inFlow) => text,
        _ => Quoted(text),
    };

    private string Behind(ConfigurationValue value, int indent) => value switch
    {
        ScalarValue scalar => $" {Scalar(scalar.Text)}{newLine}",
        SectionValue { Count: > 0 } section => $"{newLine}{Spaces(indent)}{Entries(section, indent)}",
        ListValue list when IsBlock(list) => newLine + string.Concat(list.Items.Select(item => Spaces(indent) + Item(item, indent))),
        _ => $" {Flow(value)}{newLine}",
    };

    private string Entries(SectionValue section, int indent) =>
        string.Join(Spaces(indent), section.Keys.Select(key => Entry(key, section[key]!, indent)));

    private static bool IsBlock(ConfigurationValue value) =>
        value is ListValue list && list.Items.Exists(item => item is SectionValue { Count: > 0 });

    private static string Spaces(int count) => new(' ', count);

    // What other readers than this one take for nothing, a number or a mark is in quotes; what they take for a switch or a number is meant
    // as one here.
    private static bool IsPlain(string text, bool inFlow)
    {
        if (text.Length == 0 || text is "~" || text.Equals("null", StringComparison.OrdinalIgnoreCase) || text[0] is ' ' or '-' or '.'
            && text.Length == 1 || text[^1] is ' ' or ':')
            return false;
        if (text.StartsWith("---", StringComparison.Ordinal) || text.StartsWith("...", StringComparison.Ordinal)
            || text.StartsWith("- ", StringComparison.Ordinal))
            return false;
        if (!(char.IsLetterOrDigit(text[0]) || text[0] is '/' or '.' or '_' or '-' or '+' or '(' or '~'))
            return false;
        return text.All(
            c => char.IsLetterOrDigit(c) || c is ' ' or '/' or '.' or '_' or '-' or '+' or '=' or '~' or '(' or ')' or '$' or ';'
            || (c == ':' && !inFlow))
            && !text.Contains(": ", StringComparison.Ordinal);
    }

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                // Includes everything that YAML counts as a line ending, or does not allow in a line.
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' =>
                    quoted.Append("\\u").Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture)),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }
}
