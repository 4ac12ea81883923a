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
        { "upgrades", ListReaders.OneOrMore(ConditionReaders.Upgrade, "[ websocket ]"), (route, tokens) => route with { Upgrades = tokens } },
        { "upgrade-timeout", ValueReaders.Timeout(zero: true), (route, time) => route with { UpgradeTimeout = time } },
        { "rate-limit", ValueReaders.Rate, (route, rate) => route with { RateLimit = route.RateLimit with { RateLimit = rate } } },
        { "rate-scope", RateLimitSection.Scope, (route, scope) => route with { RateLimit = route.RateLimit with { RateScope = scope } } },
        { "rate-initial-burst", ValueReaders.Size(), (route, size) => route with { RateLimit = route.RateLimit with { RateInitialBurst = size } } },
        { "rate-limit-after", ValueReaders.Size(), (route, size) => route with { RateLimit = route.RateLimit with { RateInitialBurst = size } } },
        { "pacer", RateLimitSection.Pacer, (route, pacer) => route with { RateLimit = route.RateLimit with { Pacer = pacer } } },
        {
            "rate-limits", ListReaders.ListOf(ListReaders.Mapping(RateLimitSection.ReadOfRoute, RateLimitSection.Example[2..^2]), RateLimitSection.Example),
            (route, limits) => route with { RateLimits = limits }
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
            foreach (var pair in mapping.Pairs.Where(pair => pair.Key.Text is "rate-scope" or "rate-initial-burst" or "rate-limit-after" or "pacer"))
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

        RateLimitSection.Check(mapping, route.RateLimit.RateScope, route.RateLimit.Pacer, onRoute: true, reading);
        return route;
    }
}
