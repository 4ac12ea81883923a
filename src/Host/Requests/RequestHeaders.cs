using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.Requests;

/// <summary>
/// What a request's headers say of its body, and which of them an application gets to see: the same rules on the way to a daemon and into a
/// WSGI environment.
/// </summary>
internal static class RequestHeaders
{
    /// <summary>How the request's body is framed towards the daemon: by what the server reads, not by what the headers say.</summary>
    public static RequestFraming ReadFraming(IFeatureCollection features)
    {
        var length = features.GetRequiredFeature<IHttpRequestFeature>().Headers.ContentLength;
        var canHaveBody = features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (length is { } bytes && (canHaveBody || bytes == 0)) return RequestFraming.OfLength(bytes);
        return canHaveBody ? RequestFraming.Chunked : RequestFraming.None;
    }

    /// <summary>Whether a client's header is for the application to see.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connection">The Connection header, which may name others.</param>
    public static bool MayPass(string name, StringValues connection)
    {
        if (name.StartsWith(':') || HopByHop.IsHopByHop(name)) return false;
        // An underscore becomes the same CGI variable as a dash: X_Forwarded_For would pass for ours. Apache and nginx drop it as well.
        if (name.Contains('_', StringComparison.Ordinal)) return false;
        // This is ours to say, not the client's; "Proxy" would become HTTP_PROXY in a CGI environment.
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
