using DaemonProxy.Events;
using DaemonProxy.Requests;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Finds the route for a path: the longest prefix that matches whole segments.</summary>
internal sealed class RouteTable
{
    private readonly Route[] _routes;
    private readonly PathTree<Route> _byPath = new();

    /// <summary>Creates the table.</summary>
    /// <param name="routes">The routes; where two have the same path, the first one counts.</param>
    public RouteTable(IEnumerable<Route> routes)
    {
        _routes = [.. routes.OrderByDescending(route => route.Options.Path.Length)];
        foreach (var route in _routes) _byPath.At(route.Options.Path) ??= route;
    }

    /// <summary>The routes, longest prefix first.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Finds the route for a request path, in a time that does not depend on the number of routes.</summary>
    /// <param name="requested">The request's path. The match uses the path as a daemon would interpret it, not as it was spelled.</param>
    /// <exception cref="BrokenResponseException">
    /// The path contains encoded slashes, which are passed on unchanged, and because of them it belongs to this route and to another.
    /// </exception>
    public Route? Match(in RequestPath requested)
    {
        Route? longest = null;
        foreach (var route in _byPath.Along(requested.Decoded)) longest = route;
        if (longest is null || longest.EncodedPath.Length == 0 || requested.IsBelow(longest.EncodedPath)) return longest;
        throw new BrokenResponseException(EventCatalogue.EncodedSlashRefused, "a %2F in its path stands where a route's path ends, or in it");
    }
}
