namespace DaemonProxy.Services;

/// <summary>Tells by the name of an environment variable whether it holds a secret.</summary>
internal static class SecretName
{
    private static readonly HashSet<string> Words =
        new(StringComparer.OrdinalIgnoreCase) { "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "SECRET", "TOKEN", "APIKEY", "PGPASSWORD" };

    // Followed by KEY: MONKEY and KEYBOARD are no secrets, PUBLIC_KEY is none, and SORT_KEY is none.
    private static readonly HashSet<string> KeyKinds =
        new(StringComparer.OrdinalIgnoreCase) { "API", "PRIVATE", "SECRET", "ACCESS", "ENCRYPTION", "SIGNING", "MASTER" };

    /// <summary>Whether a variable of that name most likely holds a secret. One that names a file with a secret does not.</summary>
    public static bool IsLikely(string name)
    {
        var words = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[^1].ToUpperInvariant() is "FILE" or "PATH" or "DIR" or "ID") return false;
        return words.Any(Words.Contains) || words.Zip(words.Skip(1)).Any(pair =>
            KeyKinds.Contains(pair.First) && pair.Second.Equals("KEY", StringComparison.OrdinalIgnoreCase));
    }
}
