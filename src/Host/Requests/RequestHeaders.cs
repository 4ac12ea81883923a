using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.Requests;

/// <summary>
/// Reads what a request's headers say about its body and decides which headers an application sees. The same rules apply on the path to a
/// daemon and into a WSGI environment.
/// </summary>
internal static class RequestHeaders
{
    /// <summary>
    /// The framing of the request's body towards the daemon, based on what the server reads rather than on what the headers say.
    /// </summary>
    public static RequestFraming ReadFraming(HttpExchange exchange)
    {
        var length = exchange.Request.Headers.ContentLength;
        var canHaveBody = exchange.CanHaveBody;
        if (length is { } bytes && (canHaveBody || bytes == 0)) return RequestFraming.OfLength(bytes);
        return canHaveBody ? RequestFraming.Chunked : RequestFraming.None;
    }

    /// <summary>Whether the application may see a header from the client.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="connection">The Connection header, which may name others.</param>
    public static bool MayPass(string name, StringValues connection)
    {
        if (name.StartsWith(':') || HopByHop.IsHopByHop(name)) return false;
        // An underscore becomes the same CGI variable as a dash: X_Forwarded_For would pass for the front end's own header. Apache and
        // nginx drop it as well.
        if (name.Contains('_', StringComparison.Ordinal)) return false;
        // Only the front end may set these, not the client; "Proxy" would become HTTP_PROXY in a CGI environment.
        if (name.StartsWith("X-DaemonProxy-", StringComparison.OrdinalIgnoreCase)
            || name.Equals("Proxy", StringComparison.OrdinalIgnoreCase))
            return false;
        return connection.Count == 0 || !IsNamed(name, connection) || HopByHop.StaysWhenNamed(name);
    }

    private static bool IsNamed(string name, StringValues connection)
    {
        foreach (var line in connection)
        {
            foreach (var option in line.AsSpan().Split(','))
            {
                if (line.AsSpan(option).Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
            }
        }
        return false;
    }
}
