using System.Buffers;

namespace DaemonProxy.Daemons;

/// <summary>
/// What the name and the value of a field may be (RFC 9110, sections 5.1 and 5.5), as text with a character for each byte.
/// </summary>
public static class FieldSyntax
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Every control character but the tab is in no value. What is not Latin-1 has no byte to be sent as.
    private static readonly SearchValues<char> ValueCharacters =
        SearchValues.Create([.. Enumerable.Range(0, 256).Where(c => c is '\t' or (>= ' ' and not 127)).Select(c => (char)c)]);

    /// <summary>Whether a text is a token: a field's name, a method.</summary>
    public static bool IsName(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(TokenCharacters);

    /// <summary>Whether a text may be a field's value.</summary>
    public static bool IsValue(string? text) => !text.AsSpan().ContainsAnyExcept(ValueCharacters);
}
