namespace DaemonProxy.Configuration;

/// <summary>The properties of a response or an upload that conditions are matched against.</summary>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path, normalised and decoded.</param>
/// <param name="ContentType">The content type of the response, or of an upload's request; null when it has none.</param>
/// <param name="Length">The length of the response's or the request's body, bytes; null when unknown.</param>
public readonly record struct BodyFacts(string Method, string Path, string? ContentType, long? Length);

/// <summary>Which responses or uploads a rate limit applies to: those that meet every condition given.</summary>
public sealed record RateConditions
{
    /// <summary>No condition: matches all.</summary>
    public static RateConditions None { get; } = new();

    /// <summary><c>methods</c>, in capitals; empty: any.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>
    /// <c>content-types</c>: media types without parameters; <c>video/*</c> matches a whole family. Empty: any type, or none.
    /// </summary>
    public IReadOnlyList<string> ContentTypes { get; init; } = [];

    /// <summary>
    /// <c>paths</c>, each beginning with <c>/</c>. A path with a <c>*</c>, which matches any characters, must match the whole path; one
    /// without is a prefix of whole segments, like a route's path. Empty: any.
    /// </summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary><c>minimum-size</c>, bytes of the body; an unknown length counts as large enough.</summary>
    public long MinimumSize { get; init; }

    /// <summary>Whether a response or an upload meets the conditions.</summary>
    public bool Match(in BodyFacts facts)
    {
        if (ReferenceEquals(this, None)) return true;
        return !(facts.Length < MinimumSize)
            && (Methods.Count == 0 || MatchMethod(facts.Method))
            && (ContentTypes.Count == 0 || MatchType(facts.ContentType))
            && (Paths.Count == 0 || MatchPath(facts.Path));
    }

    // Methods are case-sensitive, but not every application treats them so: no spelling may bypass a limit.
    private bool MatchMethod(string method)
    {
        foreach (var wanted in Methods)
        {
            if (wanted.Equals(method, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    /// <summary>A Content-Type without its parameters, as <c>content-types</c> is compared with it.</summary>
    internal static ReadOnlySpan<char> MediaType(string? contentType)
    {
        var type = contentType.AsSpan();
        return (type.IndexOf(';') is >= 0 and var end ? type[..end] : type).Trim();
    }

    private bool MatchType(string? contentType)
    {
        var type = MediaType(contentType);
        foreach (var wanted in ContentTypes)
        {
            if (wanted.EndsWith("/*", StringComparison.Ordinal)
                ? type.StartsWith(wanted.AsSpan(0, wanted.Length - 1), StringComparison.OrdinalIgnoreCase)
                    : type.Equals(wanted, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private bool MatchPath(string path)
    {
        foreach (var wanted in Paths)
        {
            var prefix = wanted.AsSpan().TrimEnd('/');
            if (wanted.Contains('*', StringComparison.Ordinal) ? MatchGlob(path, wanted)
                    : path.AsSpan().StartsWith(prefix, StringComparison.Ordinal)
                    && (path.Length == prefix.Length || path[prefix.Length] == '/'))
                return true;
        }
        return false;
    }

    // Only the most recent star is stretched. Backtracking further is never needed, so no pattern is slow.
    private static bool MatchGlob(ReadOnlySpan<char> path, ReadOnlySpan<char> pattern)
    {
        int at = 0, star = -1, behindStar = 0;
        for (var i = 0; i < path.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                behindStar = i;
            }
            else if (at < pattern.Length && pattern[at] == path[i])
            {
                at++;
                i++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                i = ++behindStar;
            }
            else return false;
        }
        return pattern[at..].Trim('*').IsEmpty;
    }
}
