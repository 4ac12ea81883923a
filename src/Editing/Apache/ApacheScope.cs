namespace DaemonProxy.Editing.Apache;

/// <summary>What the lines of a scope apply to.</summary>
internal enum ApacheScopeKind
{
    Server,

    Host,

    /// <summary>Scripts in a folder.</summary>
    Directory,

    /// <summary>Requests below a path.</summary>
    Location,
}

/// <summary>Lines that apply to the same requests, and what they set.</summary>
/// <param name="kind">What the lines apply to.</param>
/// <param name="opening">The section's line; null for the server.</param>
/// <param name="outer">The enclosing scope; null for the server.</param>
internal sealed class ApacheScope(ApacheScopeKind kind, ApacheDirective? opening, ApacheScope? outer)
{
    /// <summary>What the lines apply to.</summary>
    public ApacheScopeKind Kind => kind;

    /// <summary>The section's line; null for the server.</summary>
    public ApacheDirective? Opening => opening;

    /// <summary>The folder or the path, without a trailing <c>/</c>.</summary>
    public string Target { get; } = opening?.Argument(0).TrimEnd('/') is { Length: > 0 } target ? target : "/";

    /// <summary>The settings, each with the last line that sets it.</summary>
    public Dictionary<string, ApacheDirective> Settings { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>WSGIScriptAlias, in the order of the file.</summary>
    public List<ApacheDirective> Aliases { get; } = [];

    public List<ApacheScope> Inner { get; } = [];

    /// <summary>The enclosing scope.</summary>
    public ApacheScope? Outer => outer;

    /// <summary>Whether a path is the scope's own or below it.</summary>
    public static bool Covers(string outer, string path) =>
        outer == "/" || path == outer || (path.StartsWith(outer, StringComparison.Ordinal) && path[outer.Length] == '/');
}
