using System.Text;

namespace DaemonProxy.Configuration;

/// <summary>
/// Reads a file of environment variables (<c>env-file</c>), one <c>NAME=value</c> in each line. Its values are secrets: no message quotes
/// one.
/// <code>
///   # a comment, or an empty line
///   NAME=as it stands, without blanks around it
///   export NAME='as it stands'
///   NAME="with \n, \t, \" and \\"
/// </code>
/// </summary>
internal static class EnvironmentFile
{
    /// <summary>The largest file accepted, in bytes.</summary>
    private const int LargestFile = 1 << 20;

    private const string Export = "export ";

    /// <summary>Reads a file.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="reading">Collects the mistakes, by the file's own lines.</param>
    public static Dictionary<string, string> Read(string path, Reading reading)
    {
        var variables = new Dictionary<string, string>();
        string text;
        try
        {
            if (new FileInfo(path).Length > LargestFile)
            {
                reading.Mistake(path, 0, 0, $"the file is larger than {Units.FormatSize(LargestFile)}; is it the right one?");
                return variables;
            }
            text = File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception failure) when (failure is DecoderFallbackException or IOException or UnauthorizedAccessException)
        {
            reading.Mistake(path, 0, 0, failure is DecoderFallbackException ? "the file is not UTF-8 text; save it as UTF-8"
                : $"the file cannot be read: {failure.Message.TrimEnd('.')}; check its permissions");
            return variables;
        }
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++) ReadLine(new(path, i + 1, reading), lines[i], variables);
        return variables;
    }

    /// <summary>A line, for messages.</summary>
    private readonly record struct Place(string File, int Line, Reading Reading)
    {
        public void Mistake(int column, string message) => Reading.Mistake(File, Line, column + 1, message);
    }

    private static void ReadLine(Place place, string line, Dictionary<string, string> variables)
    {
        var start = line.Length - line.AsSpan().TrimStart().Length;
        if (start == line.Length || line[start] == '#') return;
        if (line.AsSpan(start).StartsWith(Export)) start += Export.Length;
        var equals = line.IndexOf('=', start);
        if (equals < 0)
        {
            place.Mistake(start, "this line has no '='; write NAME=value, or begin a comment with #");
            return;
        }
        var name = line[start..equals];
        // The name is shown only if it is one: without its '=', a line of a secret's text would be taken for it.
        if (!VariableName.Allows(name))
            place.Mistake(
                start, $"before the '=' is no name of an environment variable; {VariableName.Sentence}, with no blank before the '='");
        else if (line.Contains('\0')) place.Mistake(equals + 1, $"the value of {name} holds a NUL character; leave it out");
        else if (TryReadValue(place, line, equals + 1, name, out var value) && !variables.TryAdd(name, value))
            place.Mistake(start, $"the variable {name} is given twice; leave one of them out");
    }

    private static bool TryReadValue(Place place, string line, int start, string name, out string value)
    {
        var text = line[start..].Trim();
        value = text;
        if (text.Length == 0) return true;
        if (text[0] is not ('"' or '\''))
        {
            // Some programs end the value there, and others do not.
            if (text.Contains(" #", StringComparison.Ordinal) || text.Contains("\t#", StringComparison.Ordinal))
            {
                place.Mistake(
                    start, $"the value of {name} has a '#' after a blank, which might begin a comment; put the value in quotes, and a "
                    + "comment on a line of its own");
                return false;
            }
            return true;
        }
        var end = text[0] == '\'' ? text.IndexOf('\'', 1) : ReadQuoted(text, out value);
        if (text[0] == '\'' && end > 0) value = text[1..end];
        var problem = end == 0 ? "has a '\\' that begins none of \\n, \\t, \\r, \\\\, \\\" and \\$; write \\\\ for a backslash"
            : end < 0 ? "has no quote at its end; a value is one line, and \\n between double quotes is a line break"
            : text[(end + 1)..].Trim() is { Length: > 0 } rest && rest[0] != '#'
            ? "goes on after its closing quote; put all of it in quotes"
            : null;
        if (problem is null) return true;
        place.Mistake(start, $"the value of {name} {problem}");
        return false;
    }

    /// <summary>Reads a text between double quotes.</summary>
    /// <returns>Where the closing quote is; -1: there is none; 0: an escape is none.</returns>
    private static int ReadQuoted(string text, out string value)
    {
        var read = new StringBuilder();
        value = "";
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                value = read.ToString();
                return i;
            }
            if (text[i] != '\\')
            {
                read.Append(text[i]);
                continue;
            }
            if (++i == text.Length) return -1;
            if (text[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '\\' or '"' or '$' or '\'' => text[i], _ => '\0' } is var escaped
                && escaped == '\0') return 0;
            read.Append(escaped);
        }
        return -1;
    }
}
