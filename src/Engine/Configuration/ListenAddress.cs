using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace DaemonProxy.Configuration;

/// <summary>An address to listen on: scheme, host and port, as in <c>http://127.0.0.1:8080</c>.</summary>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Host">An IP address, <c>localhost</c>, or <c>*</c> for every interface.</param>
/// <param name="Port">0 to 65535; 0 lets the system choose.</param>
public sealed record ListenAddress(string Scheme, string Host, int Port)
{
    /// <summary>A port chosen by the system, on IPv4 loopback.</summary>
    public static ListenAddress AnyLoopbackPort { get; } = new("http", "127.0.0.1", 0);

    /// <summary>Whether it is reachable only from this machine.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>
    /// Parses an address from a configuration or a command line: <c>http://127.0.0.1:8080</c>, <c>https://[::1]:8443</c>,
    /// <c>http://*:80</c>. The default port is the scheme's, 80 or 443.
    /// </summary>
    /// <param name="text">The text as typed.</param>
    /// <param name="address">The parsed address.</param>
    /// <param name="error">One sentence that says what is wrong and what would be right.</param>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out ListenAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        var separator = text?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        var scheme = separator < 0 ? "" : text![..separator].ToLowerInvariant();
        if (scheme is not ("http" or "https"))
        {
            error = $"'{text}' is no address to listen on; write for example http://127.0.0.1:8080 or https://*:8443";
            return false;
        }

        if (!Authority.TryParse(text![(separator + 3)..], out var authority, out var reason))
        {
            error = $"'{text}' {reason}; write for example {scheme}://127.0.0.1:8080";
            return false;
        }

        if (ListeningHost(authority.Host) is not { } host)
        {
            error = $"'{text}' has '{authority.Host}' as its host; a front end listens on an IP address, on localhost, or on * for every "
                + $"interface, as in {scheme}://*:{authority.Port ?? 8080}";
            return false;
        }

        address = new ListenAddress(scheme, host, authority.Port ?? (scheme == "http" ? 80 : 443));
        error = null;
        return true;
    }

    /// <summary>Whether the system lets only one of the two be listened on: they share a port on some interface.</summary>
    public bool Overlaps(ListenAddress other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Port != 0 && Port == other.Port && (Host == other.Host || Covers(other.Host) || other.Covers(Host));
    }

    // [::] takes IPv4 as well, as * does.
    private bool Covers(string host) => Host switch
    {
        "*" or "::" => true,
        "0.0.0.0" => !host.Contains(':'),
        "localhost" => host is "127.0.0.1" or "::1",
        _ => false,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}";

    /// <summary>The host in the form used to compare and show it; null when the front end cannot listen on it.</summary>
    private static string? ListeningHost(string host)
    {
        if (host is "*")
            return host;
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return "localhost";
        // IPAddress.Parse also accepts "1" for 0.0.0.1 and "127.1" for 127.0.0.1, which nobody means here.
        return IPAddress.TryParse(host, out var ip) && (host.Contains(':') || host.Count(c => c == '.') == 3) ? ip.ToString() : null;
    }
}
