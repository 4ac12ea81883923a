namespace DaemonProxy.Configuration;

/// <summary>The names of environment variables that configurations and environment files may use.</summary>
public static class VariableName
{
    /// <summary>The rule in words.</summary>
    public const string Sentence = "it has letters (a to z), digits and '_', and the first is no digit";

    /// <summary>
    /// Whether a name is one that every system and every shell passes on (POSIX.1-2024, Base Definitions, 8.1, and lower case).
    /// </summary>
    public static bool Allows(ReadOnlySpan<char> name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.IndexOfAnyExcept(Characters) < 0;

    private static readonly System.Buffers.SearchValues<char> Characters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}
