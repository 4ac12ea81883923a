using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>What a daemon gets as the request's target.</summary>
internal static class RequestTarget
{
    /// <summary>
    /// The target for the daemon. It goes on as it came, unless a prefix has to be taken off that is not there to the letter (<c>/%64ownload</c>,
    /// <c>/x/../download</c>): then the decoded path is encoded again, so that the route that was matched is the route that is served.
    /// </summary>
    /// <param name="raw">The target as it came; origin form, absolute form or <c>*</c>.</param>
    /// <param name="path">The decoded path.</param>
    /// <param name="query">The query with its question mark, or nothing.</param>
    /// <param name="prefix">The prefix to take off; null: none.</param>
    public static string Of(string raw, string path, string query, string? prefix)
    {
        if (raw == "*") return raw;
        var isOrigin = raw.StartsWith('/');
        if (prefix is null or "/") return isOrigin ? raw : Encode(path) + query;
        prefix = prefix.TrimEnd('/');
        var end = raw.IndexOf('?', StringComparison.Ordinal);
        var rawPath = end < 0 ? raw.AsSpan() : raw.AsSpan(0, end);
        // Dot segments in the rest could climb out of the prefix once it is gone.
        var literal = isOrigin && rawPath.StartsWith(prefix, StringComparison.Ordinal) && !rawPath.Contains("/.", StringComparison.Ordinal)
            && !rawPath.Contains("%2e", StringComparison.OrdinalIgnoreCase) && (rawPath.Length == prefix.Length || rawPath[prefix.Length] == '/');
        if (!literal) return Encode(path[prefix.Length..]) + query;
        var rest = raw[prefix.Length..];
        return rest.StartsWith('/') ? rest : "/" + rest;
    }

    private static string Encode(string path) => path.Length == 0 ? "/" : new PathString(path).ToUriComponent();
}
