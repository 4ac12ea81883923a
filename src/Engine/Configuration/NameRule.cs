namespace DaemonProxy.Configuration;

/// <summary>
/// The rule for names of front ends and daemon groups. Names become parts of file names, so nothing beyond this is allowed.
/// </summary>
public static class NameRule
{
    /// <summary>The longest name, in characters.</summary>
    public const int LongestName = 64;

    /// <summary>The rule as the end of a sentence.</summary>
    public const string Sentence = "use 1 to 64 letters (a to z), digits, '.', '_' and '-', and begin with a letter or digit";

    /// <summary>
    /// The name for what a file configures: the file's name without its extension, with <c>-</c> for every character that a name may not
    /// have; null when nothing usable is left.
    /// </summary>
    public static string? FromFile(string path)
    {
        var allowed = Path.GetFileNameWithoutExtension(path).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-');
        var name = string.Concat(allowed.SkipWhile(c => !char.IsAsciiLetterOrDigit(c)).Take(LongestName)).TrimEnd('-');
        return Allows(name) ? name : null;
    }

    /// <summary>
    /// Whether a name consists of 1 to 64 of the letters a to z, digits, <c>.</c>, <c>_</c> and <c>-</c>, and begins with a letter or digit
    /// (which rules out <c>..</c>).
    /// </summary>
    public static bool Allows(string? name) =>
        name is { Length: > 0 and <= LongestName } && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
