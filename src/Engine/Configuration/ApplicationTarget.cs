namespace DaemonProxy.Configuration;

/// <summary>Names a WSGI application: the path of its script, or <c>package.module:callable</c>.</summary>
public static class ApplicationTarget
{
    /// <summary>
    /// Whether the text has the form <c>package.module:callable</c>, which no Unix path would be named and no Windows drive can be.
    /// </summary>
    public static bool IsModule(string text) =>
        text.Split(':') is [{ Length: > 1 } module, { Length: > 0 }] && module.All(c => char.IsLetterOrDigit(c) || c is '_' or '.');

    /// <summary>Makes a script's path absolute, relative to a folder; returns module:callable unchanged.</summary>
    public static string Full(string text, string folder) => IsModule(text) ? text : Path.GetFullPath(text, folder);
}
