namespace DaemonProxy.Configuration;

/// <summary>What names a WSGI application: its script's path, or <c>package.module:callable</c>.</summary>
public static class ApplicationTarget
{
    /// <summary>Whether it is <c>package.module:callable</c>, which no path on Unix would be called and no Windows drive is.</summary>
    public static bool IsModule(string text) =>
        text.Split(':') is [{ Length: > 1 } module, { Length: > 0 }] && module.All(c => char.IsLetterOrDigit(c) || c is '_' or '.');

    /// <summary>A path in full, from a folder; module:callable as it stands.</summary>
    public static string Full(string text, string folder) => IsModule(text) ? text : Path.GetFullPath(text, folder);
}
