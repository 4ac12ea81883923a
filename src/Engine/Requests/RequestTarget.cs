using System.Buffers;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Requests;

/// <summary>A request's target, split (RFC 9112, section 3.2) into its path, normalised, and its query as received.</summary>
/// <param name="Path">The path.</param>
/// <param name="Query">The query with its question mark; empty when there is none.</param>
public readonly record struct RequestTarget(RequestPath Path, string Query)
{
    // Printable, without '#': it begins a fragment, and fragments are never sent (RFC 3986, section 3.5).
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', 256 - '!').Where(c => c is not (127 or '#')).Select(c => (char)c)]);

    /// <summary>Splits a target.</summary>
    /// <param name="method">The request's method: <c>*</c> is valid only for OPTIONS.</param>
    /// <param name="raw">The target as received: in origin form, absolute form, or <c>*</c>; one character per byte.</param>
    /// <param name="slashes">What happens to <c>%2F</c> in the path.</param>
    /// <exception cref="BrokenResponseException">The target is malformed, or the request is a CONNECT, for which there is no
    /// route.</exception>
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

    // http://authority/path: the server has already made its authority the request's host.
    private static ReadOnlySpan<char> AfterAuthority(ReadOnlySpan<char> target)
    {
        var start = target.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            ? 7 : target.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        if (start == 0) throw Malformed("its target is neither a path nor an http address");
        var rest = target[start..];
        var end = rest.IndexOfAny("/?#\\");
        var authority = end < 0 ? rest : rest[..end];
        // No request may contain a name and a password (RFC 9110, section 4.2.4).
        if (authority.IsEmpty || authority.Contains('@')) throw Malformed("the address in its target has no host, or a user's name");
        return end < 0 ? [] : rest[end..];
    }

    private static BrokenResponseException Malformed(string what) => new(EventCatalogue.RequestMalformed, what);
}
