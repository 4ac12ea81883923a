namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>routes</c>.</summary>
internal static class RouteSection
{
    // Declared before their use below: initialisers run in file order.
    private static readonly string ScopesOfRoute = ValueKinds.Words(["response", "client", "route"]);

    private static ValueKind<IReadOnlyList<RateLimitOptions>> RateLimits { get; } = ListKinds.ListOf(
        ListKinds.Mapping(RateLimitSection.ReadOfRoute, RateLimitSection.Example[2..^2],
            $$"""
            "$ref": "#/$defs/rateLimit", "properties": { "rate-scope": { {{ScopesOfRoute}} } }
            """),
        RateLimitSection.Example);

    public static KeyTable<RouteOptions> Keys { get; } = new("a route", new RouteOptions { Path = "/" })
    {
        {
            "path", ValueKinds.RoutePath, route => route.Path, (route, path) => route with { Path = path },
            new("The path prefix. It matches whole segments: /a matches /a and /a/b, not /ab; /a/ is the same as /a.") { Required = true }
        },
        {
            "daemon", ValueKinds.Reference, route => route.Daemon, (route, name) => route with { Daemon = name },
            "The name of the daemon group that answers."
        },
        {
            "application", ValueKinds.Application, route => route.Application, (route, script) => route with { Application = script },
            "Embedded mode: the WSGI application's script, relative to this file's folder, or module:callable."
        },
        {
            "strip-prefix", ValueKinds.Switch, route => route.StripPrefix, (route, on) => route with { StripPrefix = on },
            "Whether the daemon sees /x for /download/x, and not the path as it came."
        },
        {
            "script-name", ValueKinds.RoutePath, route => route.ScriptName, (route, path) => route with { ScriptName = path },
            "Where a WSGI application is mounted, when this route is only a part of what it serves: its SCRIPT_NAME. Left out: the "
                + "route's path."
        },
        {
            "upgrades", ListKinds.OneOrMore(ConditionKinds.Upgrade, "[ websocket ]"), route => route.Upgrades,
            (route, tokens) => route with { Upgrades = tokens },
            "The protocols to which a client's connection may be upgraded, by HTTP/1.1 and GET. HTTP/2 is none of them."
        },
        {
            "upgrade-timeout", ValueKinds.Timeout(zero: true), route => route.UpgradeTimeout,
            (route, time) => route with { UpgradeTimeout = time },
            "An upgraded connection is closed after so long without a byte from either side. 0: never."
        },
        {
            "rate-limit", ValueKinds.Rate, route => route.RateLimit.RateLimit,
            (route, rate) => route with { RateLimit = route.RateLimit with { RateLimit = rate } },
            "How fast responses are sent. 0: no limit."
        },
        {
            "rate-scope", RateLimitSection.Scope with { Schema = ScopesOfRoute }, route => route.RateLimit.RateScope,
            (route, scope) => route with { RateLimit = route.RateLimit with { RateScope = scope } },
            new("What shares the rate: response: nothing, each has it for itself; client: the route's responses to one client; route: all "
                + "its responses.") { OnlyWith = "rate-limit" }
        },
        {
            "shared-by", RateLimitSection.SharedBy, route => route.RateLimit.SharedBy,
            (route, sharing) => route with { RateLimit = route.RateLimit with { SharedBy = sharing } },
            new(RateLimitSection.SharedByText) { OnlyWith = "rate-limit" }
        },
        {
            "rate-initial-burst", ValueKinds.Size(), route => route.RateLimit.RateInitialBurst,
            (route, size) => route with { RateLimit = route.RateLimit with { RateInitialBurst = size } },
            new("How much leaves unpaced at the start of each response; of a limit that is shared, once for all who share it, and again "
                + "as time gives it back.") { OnlyWith = "rate-limit" }
        },
        {
            "rate-limit-after", ValueKinds.Size(), route => route.RateLimit.RateInitialBurst,
            (route, size) => route with { RateLimit = route.RateLimit with { RateInitialBurst = size } },
            new("The same as rate-initial-burst, by the name that it has in nginx.") { ByDefault = "", OnlyWith = "rate-limit" }
        },
        {
            "pacer", RateLimitSection.Pacer, route => route.RateLimit.Pacer,
            (route, pacer) => route with { RateLimit = route.RateLimit with { Pacer = pacer } },
            new(RateLimitSection.PacerText) { OnlyWith = "rate-limit" }
        },
        {
            "upload-rate-limit", ValueKinds.Rate, route => route.UploadRateLimit.RateLimit,
            (route, rate) => route with { UploadRateLimit = route.UploadRateLimit with { RateLimit = rate } },
            "How fast the bodies of requests are received. 0: no limit. For conditions or a burst, see rate-limits."
        },
        {
            "upload-rate-scope", RateLimitSection.Scope with { Schema = ScopesOfRoute }, route => route.UploadRateLimit.RateScope,
            (route, scope) => route with { UploadRateLimit = route.UploadRateLimit with { RateScope = scope } },
            new("What shares the rate of uploads: response: nothing, each has it for itself; client: the route's uploads from one client; "
                + "route: all its uploads.") { OnlyWith = "upload-rate-limit" }
        },
        {
            "upload-shared-by", RateLimitSection.SharedBy, route => route.UploadRateLimit.SharedBy,
            (route, sharing) => route with { UploadRateLimit = route.UploadRateLimit with { SharedBy = sharing } },
            new(RateLimitSection.SharedByText) { OnlyWith = "upload-rate-limit" }
        },
        {
            "rate-limits", RateLimits, route => route.RateLimits,
            (route, limits) => route with { RateLimits = limits },
            "More limits, each with its conditions. A response obeys all that it meets the conditions of, this route's and those of "
                + "all routes; so does an upload."
        },
    };

    // Keys that do nothing without another one.
    private static Dictionary<string, string> Needs { get; } =
        Keys.Descriptions.Where(key => key.Text.OnlyWith is not null).ToDictionary(key => key.Name, key => key.Text.OnlyWith!);

    public static RouteOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("path") is null)
            reading.Mistake(mapping, "a route has no path; add for example 'path: /'");

        var (daemon, application) = (mapping.Find("daemon"), mapping.Find("application"));
        if (daemon is null && application is null)
            reading.Mistake(
                mapping, "a route says nothing of what answers; add 'daemon:' with a group's name, or 'application:' with a script");
        if (daemon is not null && application is not null)
        {
            reading.Mistake(application.Key, $"a route has one that answers, and 'daemon' in line {daemon.Key.Line} is it already; "
                + "leave out one of daemon and application");
        }

        foreach (var pair in mapping.Pairs.Where(pair => Needs.TryGetValue(pair.Key.Text, out var need) && mapping.Find(need) is null))
        {
            var need = Needs[pair.Key.Text];
            reading.Mistake(pair.Key, $"{pair.Key.Text} has no effect without {(need[0] == 'u' ? "an" : "a")} {need}; "
                + $"add for example '{need}: 400KiB/s', or leave it out");
        }

        var route = Keys.Read(mapping, new RouteOptions { Path = "/" }, reading);
        if (route.ScriptName is { } name && name != "/" && route.Path != name
            && !route.Path.StartsWith(name + "/", StringComparison.Ordinal))
        {
            reading.Mistake(
                mapping.Find("script-name")!.Value, $"script-name: '{name}' is not the beginning of the route's path '{route.Path}'; "
                + "write the part of the path at which the application is mounted");
        }

        RateLimitSection.Check(mapping, route.RateLimit, onRoute: true, reading);
        RateLimitSection.CheckScope(mapping, "upload-rate-scope", route.UploadRateLimit.RateScope, reading);
        RateLimitSection.CheckSharing(mapping, "upload-", route.UploadRateLimit, reading);
        return route;
    }
}
