namespace DaemonProxy.Host.FrontEnd;

/// <summary>Finds the route of a path: the longest prefix that matches whole segments.</summary>
internal sealed class RouteTable(IEnumerable<Route> routes)
{
    private readonly Route[] _routes = [.. routes.OrderByDescending(route => route.Options.Path.Length)];

    /// <summary>The routes, longest prefix first.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Finds the route.</summary>
    /// <param name="path">The request's path, percent-decoded and without dot segments: what is matched is what a daemon would make of it, not how it was spelled.</param>
    public Route? Match(string path)
    {
        foreach (var route in _routes)
        {
            var prefix = route.Options.Path.AsSpan().TrimEnd('/');
            if (path.AsSpan().StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
                return route;
        }
        return null;
    }
}
