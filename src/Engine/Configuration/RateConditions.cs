namespace DaemonProxy.Configuration;

/// <summary>What conditions look at.</summary>
/// <param name="Method">The request's method.</param>
/// <param name="Path">Its path, normalised and decoded.</param>
/// <param name="ContentType">The response's content type; null: it has none.</param>
/// <param name="Length">The length of its body, bytes; null: not known.</param>
public readonly record struct ResponseFacts(string Method, string Path, string? ContentType, long? Length);

/// <summary>Which responses a rate limit is for: those that meet all conditions that are given.</summary>
public sealed record RateConditions
{
    /// <summary>No condition: all responses.</summary>
    public static RateConditions None { get; } = new();

    /// <summary><c>methods</c>, in capitals; empty: any.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary><c>content-types</c>: media types without parameters, <c>video/*</c> for all of a kind; empty: any, or none.</summary>
    public IReadOnlyList<string> ContentTypes { get; init; } = [];

    /// <summary>
    /// <c>paths</c>, each beginning with <c>/</c>. One with a <c>*</c>, which stands for any characters, is the whole path; one without is
    /// a prefix of whole segments, as a route's path is. Empty: any.
    /// </summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary><c>minimum-size</c>, bytes of the body; a length that is not known is large enough.</summary>
    public long MinimumSize { get; init; }

    /// <summary>Whether a response meets them.</summary>
    public bool Match(in ResponseFacts facts)
    {
        if (ReferenceEquals(this, None)) return true;
        return !(facts.Length < MinimumSize)
            && (Methods.Count == 0 || MatchMethod(facts.Method))
            && (ContentTypes.Count == 0 || MatchType(facts.ContentType))
            && (Paths.Count == 0 || MatchPath(facts.Path));
    }

    // Methods tell capitals apart, and applications do not always: no spelling is a way round a limit.
    private bool MatchMethod(string method)
    {
        foreach (var wanted in Methods)
        {
            if (wanted.Equals(method, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    private bool MatchType(string? contentType)
    {
        var type = contentType.AsSpan();
        if (type.IndexOf(';') is >= 0 and var end) type = type[..end];
        type = type.Trim();
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

    // The one star that was met last is stretched; going back further is never needed, so that no pattern is slow.
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
