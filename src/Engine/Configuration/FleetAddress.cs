using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DaemonProxy.Configuration;

/// <summary>Where a fleet's Redis server listens.</summary>
/// <param name="UnixSocket">Full path of the socket; null for TCP.</param>
/// <param name="Host">Host name or IP address; null for a Unix socket.</param>
/// <param name="Port">TCP port; 0 for a Unix socket.</param>
/// <param name="Database">The number of the database, &gt;= 0.</param>
/// <param name="IsTls">Whether the connection is encrypted.</param>
public sealed record FleetAddress(string? UnixSocket, string? Host, int Port, int Database, bool IsTls)
{
    private const string Example = "write for example redis://10.0.0.5:6379/0, rediss://redis.example:6380 or unix:/run/redis/redis.sock";

    /// <summary>The user in the URL; null: none.</summary>
    public string? Username { get; init; }

    /// <summary>The password in the URL; null: none. It is never part of <see cref="ToString"/>.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// Parses <c>redis://[user[:password]@]host[:port][/database]</c>, the same with <c>rediss</c> for TLS, or <c>unix:path</c>.
    /// </summary>
    /// <param name="text">The text as typed.</param>
    /// <param name="baseDirectory">Full path of the folder that a relative socket path starts from.</param>
    /// <param name="address">The address.</param>
    /// <param name="error">One sentence that says what is wrong and what would be right. It shows no password.</param>
    public static bool TryParse(
        string text, string baseDirectory, [NotNullWhen(true)] out FleetAddress? address, [NotNullWhen(false)] out string? error)
    {
        (address, error) = (null, null);
        if (text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase))
        {
            if (text.Length == "unix:".Length) error = $"'unix:' names no socket; {Example}";
            else address = new(Path.GetFullPath(text["unix:".Length..], baseDirectory), null, 0, 0, false);
            return error is null;
        }
        var scheme = text.IndexOf("://", StringComparison.Ordinal) is > 0 and var end ? text[..end].ToLowerInvariant() : "";
        if (scheme is not ("redis" or "rediss"))
        {
            error = $"{(scheme.Length > 0 ? $"the scheme '{scheme}' is not known" : "the address has no scheme")}; {Example}";
            return false;
        }
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            error = $"the address is no URL with a host and a port; {Example}";
            return false;
        }
        var database = 0;
        var path = uri.AbsolutePath.Trim('/');
        if (path.Length > 0 && !int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out database))
        {
            error = $"'/{path}' is no number of a database; {Example}";
            return false;
        }
        if (uri.Port == 0)
        {
            error = $"the address has port 0, to which nothing can connect; {Example}";
            return false;
        }
        var user = uri.UserInfo.Split(':', 2);
        address = new(null, uri.IdnHost, uri.Port > 0 ? uri.Port : 6379, database, scheme == "rediss")
        {
            Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        return true;
    }

    /// <summary>The address without its password.</summary>
    public override string ToString()
    {
        if (UnixSocket is not null) return $"unix:{UnixSocket}";
        var host = Host!.Contains(':', StringComparison.Ordinal) && !Host.StartsWith('[') ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"{(IsTls ? "rediss" : "redis")}://{host}:{Port}/{Database}");
    }
}
