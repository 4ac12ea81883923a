using System.Buffers;

namespace DaemonProxy.Daemons;

/// <summary>Checks the names and values of fields (RFC 9110, sections 5.1 and 5.5), given as text with one character per byte.</summary>
public static class FieldSyntax
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // A value contains no control character other than the tab. A character outside Latin-1 cannot be sent as one byte.
    private static readonly SearchValues<char> ValueCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 256).Where(c => c is '\t' or (>= ' ' and not 127)).Select(c => (char)c)]);

    /// <summary>Whether a text is a token, as field names and methods must be.</summary>
    public static bool IsName(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>Whether a text may be a field's value.</summary>
    public static bool IsValue(string? text) => !text.AsSpan().ContainsAnyExcept(ValueCharacters);
}
