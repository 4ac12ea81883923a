using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace DaemonProxy.Configuration;

/// <summary>Where a daemon listens: a Unix socket, or a host and port.</summary>
/// <param name="UnixSocket">Full path of the socket; null for TCP.</param>
/// <param name="Host">Host name or IP address; null for a Unix socket.</param>
/// <param name="Port">TCP port; 0 for a Unix socket.</param>
public sealed record DaemonAddress(string? UnixSocket, string? Host, int Port)
{
    private const string UnixPrefix = "unix:";
    private const string HttpPrefix = "http://";

    /// <summary>
    /// Parses an address from a configuration or a command line: <c>unix:/run/app.sock</c> or <c>http://127.0.0.1:9000</c>. The default
    /// port is 80.
    /// </summary>
    /// <param name="text">The text as typed.</param>
    /// <param name="baseDirectory">Full path of the folder that a relative socket path starts from: the configuration file's.</param>
    /// <param name="address">The parsed address.</param>
    /// <param name="error">One sentence that says what is wrong and what would be right.</param>
    public static bool TryParse(
        string? text, string baseDirectory, [NotNullWhen(true)] out DaemonAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        if (text is not null && text.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
            return TryParseUnix(text, baseDirectory, out address, out error);

        if (text is not null && text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            error = $"'{text}' is https, and daemons are spoken to in plain HTTP/1.1; write {HttpPrefix}{text["https://".Length..]}";
            return false;
        }

        if (text is null || !text.StartsWith(HttpPrefix, StringComparison.OrdinalIgnoreCase))
        {
            error = $"'{text}' is no daemon's address; write for example unix:/run/app.sock or http://127.0.0.1:9000";
            return false;
        }

        if (!Authority.TryParse(text[HttpPrefix.Length..], out var authority, out var reason))
        {
            error = $"'{text}' {reason}; write for example http://127.0.0.1:9000";
            return false;
        }

        if (authority.Port == 0 || Uri.CheckHostName(authority.Host) == UriHostNameType.Unknown)
        {
            error = authority.Port == 0
                ? $"'{text}' has port 0, to which nothing can connect; write the port that the daemon listens on, 1 to 65535"
                : $"'{text}' has '{authority.Host}' as its host, which is no host name and no IP address; write for example "
                + "http://127.0.0.1:9000";
            return false;
        }

        address = new DaemonAddress(null, authority.Host, authority.Port ?? 80);
        error = null;
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        UnixSocket is not null ? $"unix:{UnixSocket}" : $"http://{(Host!.Contains(':') ? $"[{Host}]" : Host)}:{Port}";

    private static bool TryParseUnix(
        string text, string baseDirectory, [NotNullWhen(true)] out DaemonAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        var given = text[UnixPrefix.Length..];
        if (given.Length == 0 || given.Contains('\0'))
        {
            error = $"'{text}' names no socket; write for example unix:/run/app.sock";
            return false;
        }

        var path = Path.GetFullPath(given, baseDirectory);
        try
        {
            // Systems differ in the longest socket path (107 bytes on Linux, 103 on macOS); this constructor knows the limit of its own.
            _ = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            error = $"'{text}' is a path of {path.Length} characters, longer than this system takes for a socket; keep it to 100 or fewer";
            return false;
        }

        address = new DaemonAddress(path, null, 0);
        error = null;
        return true;
    }
}
