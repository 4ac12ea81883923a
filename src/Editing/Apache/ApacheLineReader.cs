using System.Text;

namespace DaemonProxy.Editing.Apache;

/// <summary>Cuts a text into Apache's logical lines, and a line into words.</summary>
internal static class ApacheLineReader
{
    /// <summary>
    /// The lines that say something: without comments and blank ones, those that end in a backslash joined with the next.
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

    /// <summary>
    /// The words of a line: what stands in quotes is one, and a backslash before a quote or a backslash takes its meaning.
    /// </summary>
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

    /// <summary>Cuts <c>key=value</c>; the value may have stood in quotes of its own. No <c>=</c>: the value is null.</summary>
    public static (string Key, string? Value) Option(string word) =>
        word.IndexOf('=') is var equals and > 0 ? (word[..equals], word[(equals + 1)..]) : (word, null);

    private static string Word(string text, ref int at)
    {
        var word = new StringBuilder();
        char? quote = null;
        for (; at < text.Length && (quote is not null || !char.IsWhiteSpace(text[at])); at++)
        {
            var c = text[at];
            // Quotes begin a word, or an option's value: home="/srv/my app". Anywhere else they are what they are.
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
