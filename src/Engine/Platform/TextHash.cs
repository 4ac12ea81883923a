namespace DaemonProxy.Platform;

/// <summary>
/// A hash of text that is the same in every process, to notice a change or to make a short name. It resists no attacker. The hashes in
/// System.Security.Cryptography would make every front end load OpenSSL.
/// </summary>
public static class TextHash
{
    /// <summary>The FNV-1a hash over UTF-16, as 16 hexadecimal digits.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Aggregate(14695981039346656037UL, (hash, character) => (hash ^ character) * 1099511628211UL).ToString("x16");
    }
}
