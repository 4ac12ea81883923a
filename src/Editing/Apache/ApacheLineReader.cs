using System.Text;

namespace DaemonProxy.Editing.Apache;

/// <summary>Splits a text into Apache's logical lines, and a line into words.</summary>
internal static class ApacheLineReader
{
    /// <summary>
    /// The lines with content: comments and blank lines are left out, and a line that ends in a backslash is joined with the next.
    /// </summary>
    public static IEnumerable<(int Number, string Text)> Lines(IEnumerable<string> physical)
    {
        var (number, first) = (0, 0);
        var line = new StringBuilder();
        foreach (var text in physical)
        {
            number++;
            if (line.Length == 0) first = number;
            if (text.EndsWith('\\'))
            {
                line.Append(text, 0, text.Length - 1);
                // An empty beginning is one, too: the number stays.
                if (line.Length == 0) line.Append(' ');
                continue;
            }

            line.Append(text);
            if (line.ToString().Trim() is { Length: > 0 } said && said[0] != '#')
                yield return (first, said);
            line.Clear();
        }

        if (line.ToString().Trim() is { Length: > 0 } last && last[0] != '#')
            yield return (first, last);
    }

    /// <summary>The words of a line. Quoted text is one word, and a backslash escapes a quote or a backslash.</summary>
    public static List<string> Words(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            words.Add(Word(text, ref at));
        }

        return words;
    }

    /// <summary>Splits <c>key=value</c>; the value may have had quotes of its own. Without a <c>=</c>, the value is null.</summary>
    public static (string Key, string? Value) Option(string word) =>
        word.IndexOf('=') is var equals and > 0 ? (word[..equals], word[(equals + 1)..]) : (word, null);

    private static string Word(string text, ref int at)
    {
        var word = new StringBuilder();
        char? quote = null;
        for (; at < text.Length && (quote is not null || !char.IsWhiteSpace(text[at])); at++)
        {
            var c = text[at];
            // Quotes open a word or an option's value: home="/srv/my app". Anywhere else they are ordinary characters.
            if (quote is null && c is '"' or '\'' && (word.Length == 0 || word[^1] == '='))
                quote = c;
            else if (c == quote)
                quote = null;
            else if (c == '\\' && at + 1 < text.Length && quote is not null && (text[at + 1] == quote || text[at + 1] == '\\'))
                word.Append(text[++at]);
            else
                word.Append(c);
        }

        return word.ToString();
    }
}
