using DaemonProxy.Events;
using DaemonProxy.Requests;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Finds the route for a path: the longest prefix that matches whole segments.</summary>
internal sealed class RouteTable(IEnumerable<Route> routes)
{
    private readonly Route[] _routes = [.. routes.OrderByDescending(route => route.Options.Path.Length)];

    /// <summary>The routes, longest prefix first.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Finds the route for a request path.</summary>
    /// <param name="requested">The request's path. The match uses the path as a daemon would interpret it, not as it was spelled.</param>
    /// <exception cref="BrokenResponseException">
    /// The path contains encoded slashes, which are passed on unchanged, and because of them it belongs to this route and to another.
    /// </exception>
    public Route? Match(in RequestPath requested)
    {
        var path = requested.Decoded;
        foreach (var route in _routes)
        {
            var prefix = route.Options.Path.AsSpan().TrimEnd('/');
            if (path.AsSpan().StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
                return requested.IsBelow(route.EncodedPath) || prefix.IsEmpty
                    ? route
                    : throw new BrokenResponseException(
                    EventCatalogue.EncodedSlashRefused, "a %2F in its path stands where a route's path ends, or in it");
        }
        return null;
    }
}
