using System.Buffers;

namespace DaemonProxy.Editing;

/// <summary>
/// What the reader treats as the end of a line: YamlDotNet follows YAML 1.1 (section 4.2), in which NEL, LS and PS also end a line. An
/// editor that counted lines differently from the reader would cut the text in the wrong places.
/// </summary>
internal static class LineBreak
{
    /// <summary>The characters that end a line; CR LF together end one.</summary>
    public static SearchValues<char> Characters { get; } = SearchValues.Create("\n\r\u0085\u2028\u2029");

    /// <summary>Whether a line ends with this character.</summary>
    public static bool Is(char c) => c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029';

    /// <summary>Whether a text ends with a line break.</summary>
    public static bool Ends(ReadOnlySpan<char> text) => text.Length > 0 && Is(text[^1]);

    /// <summary>Where the last line of a text begins.</summary>
    public static int LastLine(ReadOnlySpan<char> text) => text.LastIndexOfAny(Characters) + 1;

    /// <summary>Where the next line after a position begins; the text's length if there is none.</summary>
    public static int NextLine(ReadOnlySpan<char> text, int place)
    {
        var end = text[place..].IndexOfAny(Characters);
        if (end < 0) return text.Length;
        end += place;
        return end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
    }
}
