namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>routes</c>.</summary>
internal static class RouteSection
{
    /// <summary>The keys there are.</summary>
    public static KeyTable<RouteOptions> Keys { get; } = new("a route")
    {
        { "path", ValueReaders.RoutePath, (route, path) => route with { Path = path } },
        { "daemon", ValueReaders.Reference, (route, name) => route with { Daemon = name } },
        { "application", ValueReaders.Application, (route, script) => route with { Application = script } },
        { "strip-prefix", ValueReaders.Switch, (route, on) => route with { StripPrefix = on } },
        { "script-name", ValueReaders.RoutePath, (route, path) => route with { ScriptName = path } },
        { "rate-limit", ValueReaders.Rate, (route, rate) => route with { RateLimit = rate } },
        { "rate-initial-burst", ValueReaders.Size(), (route, size) => route with { RateInitialBurst = size } },
        {
            "pacer", ValueReaders.Choice(("token-bucket", PacerKind.TokenBucket), ("interval", PacerKind.Interval), ("interval-2.4.33", PacerKind.Interval2433)),
            (route, pacer) => route with { Pacer = pacer }
        },
    };

    /// <summary>Reads an item.</summary>
    public static RouteOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("path") is null)
            reading.Mistake(mapping, "a route has no path; add for example 'path: /'");

        var (daemon, application) = (mapping.Find("daemon"), mapping.Find("application"));
        if (daemon is null && application is null)
            reading.Mistake(mapping, "a route says nothing of what answers; add 'daemon:' with a group's name, or 'application:' with a script");
        if (daemon is not null && application is not null)
        {
            reading.Mistake(application.Key, $"a route has one that answers, and 'daemon' in line {daemon.Key.Line} is it already; "
                + "leave out one of daemon and application");
        }

        if (mapping.Find("rate-limit") is null)
        {
            foreach (var pair in mapping.Pairs.Where(pair => pair.Key.Text is "rate-initial-burst" or "pacer"))
            {
                reading.Mistake(pair.Key, $"{pair.Key.Text} has no effect without a rate-limit; "
                    + "add for example 'rate-limit: 400KiB/s', or leave it out");
            }
        }

        var route = Keys.Read(mapping, new RouteOptions { Path = "/" }, reading);
        if (route.ScriptName is { } name && name != "/" && route.Path != name && !route.Path.StartsWith(name + "/", StringComparison.Ordinal))
        {
            reading.Mistake(mapping.Find("script-name")!.Value, $"script-name: '{name}' is not the beginning of the route's path '{route.Path}'; "
                + "write the part of the path at which the application is mounted");
        }

        return route;
    }
}
