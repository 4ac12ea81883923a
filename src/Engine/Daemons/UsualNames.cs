using System.Collections.Frozen;

namespace DaemonProxy.Daemons;

/// <summary>
/// Names of response fields as most programs spell them, each as one string: the server recognises a name that is the very string of its
/// own without looking at its characters, and constants with the same characters are one string everywhere in a program.
/// </summary>
internal static class UsualNames
{
    private static readonly FrozenSet<string> Names = new[]
    {
        "Accept-Ranges", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Age", "Allow", "Alt-Svc",
        "Cache-Control", "Content-Encoding", "Content-Language", "Content-Location", "Content-MD5", "Content-Range", "Content-Type",
        "Date", "ETag", "Expires", "Last-Modified", "Location", "Pragma", "Retry-After", "Server", "Set-Cookie", "Vary", "Via", "Warning", "WWW-Authenticate",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The name with the same characters, or this one if it is not among them.</summary>
    public static string Find(string name) => Names.TryGetValue(name, out var usual) ? usual : name;
}
