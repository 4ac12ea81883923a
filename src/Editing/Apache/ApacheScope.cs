namespace DaemonProxy.Editing.Apache;

/// <summary>For what the lines of a scope hold.</summary>
internal enum ApacheScopeKind
{
    Server,

    Host,

    /// <summary>Scripts in a folder.</summary>
    Directory,

    /// <summary>Requests below a path.</summary>
    Location,
}

/// <summary>Lines that hold for the same requests, and what they set.</summary>
/// <param name="kind">For what they hold.</param>
/// <param name="opening">The section's line; null for the server.</param>
/// <param name="outer">The scope around it; null for the server.</param>
internal sealed class ApacheScope(ApacheScopeKind kind, ApacheDirective? opening, ApacheScope? outer)
{
    /// <summary>For what they hold.</summary>
    public ApacheScopeKind Kind => kind;

    /// <summary>The section's line; null for the server.</summary>
    public ApacheDirective? Opening => opening;

    /// <summary>The folder or the path, without a <c>/</c> at its end.</summary>
    public string Target { get; } = opening?.Argument(0).TrimEnd('/') is { Length: > 0 } target ? target : "/";

    /// <summary>What is set, the last line of a setting.</summary>
    public Dictionary<string, ApacheDirective> Settings { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>WSGIScriptAlias, in the order of the file.</summary>
    public List<ApacheDirective> Aliases { get; } = [];

    public List<ApacheScope> Inner { get; } = [];

    /// <summary>The scope around it.</summary>
    public ApacheScope? Outer => outer;

    /// <summary>Whether a path is the scope's or below it.</summary>
    public static bool Covers(string outer, string path) =>
        outer == "/" || path == outer || (path.StartsWith(outer, StringComparison.Ordinal) && path[outer.Length] == '/');
}
