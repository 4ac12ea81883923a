using System.Collections.Frozen;

namespace DaemonProxy.Daemons;

/// <summary>
/// The fields that apply to a single connection and are not forwarded (RFC 9110, section 7.6.1), and the fields that no trailer may carry.
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
    /// Whether a header is forwarded even if Connection names it. A client must not be able to remove the headers that frame and address a
    /// message or that the front end sets (RFC 9110, section 7.6.1: a sender must not name a field that is intended for all recipients).
    /// </summary>
    public static bool StaysWhenNamed(string name) =>
        Addressing.Contains(name) || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a header of a request or response applies only to a single connection.</summary>
    public static bool IsHopByHop(string name) => Fields.Contains(name);

    /// <summary>Whether a field may appear only as a header, not as a trailer.</summary>
    public static bool IsForbiddenTrailer(string name) => NoTrailers.Contains(name);
}
