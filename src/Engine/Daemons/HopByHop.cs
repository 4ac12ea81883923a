using System.Collections.Frozen;

namespace DaemonProxy.Daemons;

/// <summary>
/// The fields that belong to one connection and go no further (RFC 9110, section 7.6.1), and those that no trailer may carry.
/// </summary>
public static class HopByHop
{
    private static readonly FrozenSet<string> Fields = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Transfer-Encoding", "Upgrade",
        "HTTP2-Settings",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> NoTrailers = new[]
    {
        "Content-Length", "Host", "Content-Encoding", "Content-Type", "Content-Range", "Trailer", "Authorization", "Set-Cookie",
        "Cache-Control",
        "Expect", "Range", "Max-Forwards", "Cookie", "Forwarded",
    }.Concat(Fields).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Addressing = new[]
    {
        "Content-Length", "Host", "Trailer", "Expect",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a header goes on even where Connection names it: what frames and addresses a message, and what the front end says itself, is
    /// not for a client to take away (RFC 9110, section 7.6.1: a sender must not name a field that is intended for all recipients).
    /// </summary>
    public static bool StaysWhenNamed(string name) =>
        Addressing.Contains(name) || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a request's or response's header is for the next connection alone.</summary>
    public static bool IsHopByHop(string name) => Fields.Contains(name);

    /// <summary>Whether a trailer field would say what only a header may.</summary>
    public static bool IsForbiddenTrailer(string name) => NoTrailers.Contains(name);
}
