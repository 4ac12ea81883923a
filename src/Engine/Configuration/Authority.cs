using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DaemonProxy.Configuration;

/// <summary>The <c>host:port</c> of an address (RFC 3986, section 3.2), without user info; an IPv6 address is in brackets.</summary>
/// <param name="Host">Without brackets; never empty. Not checked further: the caller decides what is allowed.</param>
/// <param name="Port">0 to 65535; null when not given.</param>
internal readonly record struct Authority(string Host, int? Port)
{
    /// <summary>
    /// Parses the text after <c>scheme://</c>. A single trailing <c>/</c> is accepted because browsers copy addresses that way.
    /// </summary>
    /// <param name="text">As in <c>127.0.0.1:8080</c> or <c>[::1]:8080</c>.</param>
    /// <param name="authority">The parsed authority.</param>
    /// <param name="error">Why parsing failed: the end of a sentence that begins with the address.</param>
    public static bool TryParse(string text, out Authority authority, [NotNullWhen(false)] out string? error)
    {
        authority = default;
        error = null;
        if (text.EndsWith('/'))
            text = text[..^1];
        if (text.Contains('@'))
            error = "must not hold a user name or password";
        else if (text.AsSpan().IndexOfAny('/', '?', '#') >= 0)
            error = "must end after the port, with no path";
        if (error is not null)
            return false;

        // The brackets separate an IPv6 address's colons from the port's.
        var bracket = text.StartsWith('[') ? text.IndexOf(']') : 0;
        if (bracket < 0)
            error = "has a '[' without its ']'";
        else if (bracket == 0 && text.Count(':') > 1)
            error = "has several colons; write an IPv6 address in brackets, as in [::1]:8080";
        if (error is not null)
            return false;

        var host = bracket > 0 ? text[1..bracket] : text.Split(':')[0];
        var rest = bracket > 0 ? text[(bracket + 1)..] : text[host.Length..];
        if (host.Length == 0)
            error = "has no host";
        else if (rest.Length > 0 && rest[0] != ':')
            error = $"has '{rest}' where a colon and a port would be";
        if (error is not null)
            return false;

        int? port = null;
        if (rest.Length > 0)
        {
            if (!int.TryParse(rest.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > ushort.MaxValue)
            {
                error = $"has '{rest[1..]}' as its port, which is no number from 0 to 65535";
                return false;
            }

            port = number;
        }

        authority = new Authority(host, port);
        return true;
    }
}
