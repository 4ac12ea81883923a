using System.Buffers;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Requests;

/// <summary>A request's target taken apart (RFC 9112, section 3.2): its path, normalised, and its query as it came.</summary>
/// <param name="Path">The path.</param>
/// <param name="Query">The query with its question mark; empty where there is none.</param>
public readonly record struct RequestTarget(RequestPath Path, string Query)
{
    // Printable, and no '#', which begins a fragment, and no fragment is ever sent (RFC 3986, section 3.5).
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', 256 - '!').Where(c => c is not (127 or '#')).Select(c => (char)c)]);

    /// <summary>Takes a target apart.</summary>
    /// <param name="method">The request's method: <c>*</c> is for OPTIONS alone.</param>
    /// <param name="raw">The target as it came: in origin form, absolute form, or <c>*</c>; a character for each byte.</param>
    /// <param name="slashes">What becomes of <c>%2F</c> in the path.</param>
    /// <exception cref="BrokenResponseException">It is malformed, or the request is a CONNECT, for which there is no route.</exception>
    public static RequestTarget Parse(string method, string? raw, EncodedSlashes slashes)
    {
        if (method == "CONNECT") throw new BrokenResponseException(EventCatalogue.MethodNotServed, "CONNECT");
        if (raw is "*" && method == "OPTIONS") return new(RequestPath.OfServer, "");
        var target = raw.AsSpan();
        if (target is not ['/', ..]) target = AfterAuthority(target);
        var question = target.IndexOf('?');
        var query = question < 0 ? [] : target[question..];
        if (query.ContainsAnyExcept(QueryCharacters)) throw Malformed("its query holds a space, a '#' or a control character");
        var path = question < 0 ? target : target[..question];
        return new(RequestPath.Normalise(path.IsEmpty ? "/" : path, slashes), query.ToString());
    }

    // http://authority/path: the server has made its authority the request's host.
    private static ReadOnlySpan<char> AfterAuthority(ReadOnlySpan<char> target)
    {
        var start = target.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            ? 7 : target.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        if (start == 0) throw Malformed("its target is neither a path nor an http address");
        var rest = target[start..];
        var end = rest.IndexOfAny("/?#\\");
        var authority = end < 0 ? rest : rest[..end];
        // A name and a password belong into no request (RFC 9110, section 4.2.4).
        if (authority.IsEmpty || authority.Contains('@')) throw Malformed("the address in its target has no host, or a user's name");
        return end < 0 ? [] : rest[end..];
    }

    private static BrokenResponseException Malformed(string what) => new(EventCatalogue.RequestMalformed, what);
}
