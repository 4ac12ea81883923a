namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>rate-limits</c>, and what they have to say to each other.</summary>
internal static class RateLimitSection
{
    /// <summary>What would be right, for messages.</summary>
    public const string Example = "[ { rate-limit: 10MiB/s, rate-scope: client } ]";

    /// <summary>The scopes of a route's limit, and the one that is for all routes.</summary>
    public static ValueReader<RateScope> Scope { get; } = ValueReaders.Choice(
        ("response", RateScope.Response), ("client", RateScope.Client), ("route", RateScope.Route), ("total", RateScope.Total));

    /// <summary>The pacers.</summary>
    public static ValueReader<PacerKind> Pacer { get; } = ValueReaders.Choice(
        ("token-bucket", PacerKind.TokenBucket), ("interval", PacerKind.Interval), ("interval-2.4.33", PacerKind.Interval2433));

    /// <summary>The keys there are.</summary>
    public static KeyTable<RateLimitOptions> Keys { get; } = new("a rate limit")
    {
        { "rate-limit", ValueReaders.Rate, (limit, rate) => limit with { RateLimit = rate } },
        { "rate-scope", Scope, (limit, scope) => limit with { RateScope = scope } },
        { "rate-initial-burst", ValueReaders.Size(), (limit, size) => limit with { RateInitialBurst = size } },
        { "rate-limit-after", ValueReaders.Size(), (limit, size) => limit with { RateInitialBurst = size } },
        { "pacer", Pacer, (limit, pacer) => limit with { Pacer = pacer } },
        { "methods", ListReaders.OneOrMore(ConditionReaders.Method, "[ GET ]"), (limit, names) => limit with { Conditions = limit.Conditions with { Methods = names } } },
        { "content-types", ListReaders.OneOrMore(ConditionReaders.MediaType, "[ video/* ]"), (limit, types) => limit with { Conditions = limit.Conditions with { ContentTypes = types } } },
        { "paths", ListReaders.OneOrMore(ConditionReaders.Path, "[ /media, /*.iso ]"), (limit, paths) => limit with { Conditions = limit.Conditions with { Paths = paths } } },
        { "minimum-size", ValueReaders.Size(), (limit, size) => limit with { Conditions = limit.Conditions with { MinimumSize = size } } },
    };

    /// <summary>Reads an item of a route's list.</summary>
    public static RateLimitOptions ReadOfRoute(MappingNode mapping, Reading reading) => Read(mapping, onRoute: true, reading);

    /// <summary>Reads an item of the list at the top.</summary>
    public static RateLimitOptions ReadOfAll(MappingNode mapping, Reading reading) => Read(mapping, onRoute: false, reading);

    private static RateLimitOptions Read(MappingNode mapping, bool onRoute, Reading reading)
    {
        if (mapping.Find("rate-limit") is null)
            reading.Mistake(mapping, "a rate limit has no rate; add for example 'rate-limit: 400KiB/s'");
        var limit = Keys.Read(mapping, new RateLimitOptions(), reading);
        Check(mapping, limit.RateScope, limit.Pacer, onRoute, reading);
        return limit;
    }

    /// <summary>Checks the keys that a route's own limit and an item of a list have in common.</summary>
    public static void Check(MappingNode mapping, RateScope scope, PacerKind pacer, bool onRoute, Reading reading)
    {
        if (onRoute && scope == RateScope.Total)
        {
            reading.Mistake(mapping.Find("rate-scope")!.Value, "rate-scope: a total limit is for all routes; "
                + "put it into 'rate-limits:' at the top of the file, or write route for all responses of this one");
        }
        if (scope != RateScope.Response && pacer != PacerKind.TokenBucket)
        {
            reading.Mistake(mapping.Find("pacer")!.Value, $"pacer: {((ScalarNode)mapping.Find("pacer")!.Value).Text} sleeps for each response by itself and can share no rate; "
                + $"write token-bucket, or leave out 'rate-scope' in line {mapping.Find("rate-scope")!.Key.Line}");
        }
        if (mapping.Find("rate-limit-after") is { } after && mapping.Find("rate-initial-burst") is { } burst)
        {
            var second = after.Key.Line > burst.Key.Line || (after.Key.Line == burst.Key.Line && after.Key.Column > burst.Key.Column) ? after : burst;
            reading.Mistake(second.Key, "rate-limit-after (nginx's name) and rate-initial-burst (Apache's) are one option, and both are given; leave one of them out");
        }
    }
}
