namespace DaemonProxy.Configuration;

/// <summary>What a front end or a daemon group may be called. Names become parts of file names, so no more than this is allowed.</summary>
public static class NameRule
{
    /// <summary>The longest name, in characters.</summary>
    public const int LongestName = 64;

    /// <summary>The rule as the end of a sentence.</summary>
    public const string Sentence = "use 1 to 64 letters (a to z), digits, '.', '_' and '-', and begin with a letter or digit";

    /// <summary>
    /// Whether a name is 1 to 64 of the letters a to z, digits, <c>.</c>, <c>_</c> and <c>-</c>, beginning with a letter or digit (so that
    /// <c>..</c> is none).
    /// </summary>
    public static bool Allows(string? name) =>
        name is { Length: > 0 and <= LongestName } && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
