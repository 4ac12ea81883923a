using DaemonProxy.Pacing;

namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>rate-limits</c>, and the checks across them.</summary>
internal static class RateLimitSection
{
    /// <summary>An example of a correct value, for messages.</summary>
    public const string Example = "[ { rate-limit: 10MiB/s, rate-scope: client } ]";

    /// <summary>The scopes of a route's limit, and the scope that spans all routes.</summary>
    public static ValueKind<RateScope> Scope { get; } = ValueKinds.Choice(
        ("response", RateScope.Response), ("client", RateScope.Client), ("route", RateScope.Route), ("total", RateScope.Total));

    private static ValueKind<RateDirection> Direction { get; } = ValueKinds.Choice(
        ("download", RateDirection.Download), ("upload", RateDirection.Upload));

    /// <summary>Whether one front end or a fleet shares a limit.</summary>
    public static ValueKind<LimitSharing> SharedBy { get; } = ValueKinds.Choice(
        ("front-end", LimitSharing.FrontEnd), ("fleet", LimitSharing.Fleet));

    /// <summary>What the key <c>shared-by</c> does.</summary>
    public static string SharedByText { get; } =
        "Who keeps the rate together: front-end: this front end has it for itself; fleet: all front ends with the same 'fleet:' have it "
        + "together.";

    public static ValueKind<PacerKind> Pacer { get; } = ValueKinds.Choice([.. PacerTable.All.Select(pacer => (pacer.Name, pacer.Kind))]);

    /// <summary>What the key of a pacer does.</summary>
    public static string PacerText { get; } =
        $"What keeps the rate: {string.Join("; ", PacerTable.All.Select(pacer => $"{pacer.Name} {pacer.Description}"))}.";

    public static KeyTable<RateLimitOptions> Keys { get; } = new("a rate limit", new RateLimitOptions())
    {
        {
            "rate-limit", ValueKinds.Rate, limit => limit.RateLimit, (limit, rate) => limit with { RateLimit = rate },
            new("How fast responses are sent, or uploads are received. 0: no limit.") { Required = true }
        },
        {
            "direction", Direction, limit => limit.Direction, (limit, direction) => limit with { Direction = direction },
            "What is slowed: download: responses; upload: the bodies of requests, to which the conditions, scope and burst then apply."
        },
        {
            "rate-scope", Scope, limit => limit.RateScope, (limit, scope) => limit with { RateScope = scope },
            "What shares the rate: response: nothing, each has it for itself; client: the responses to one client; route: the "
                + "responses of one route; total: all responses, only at the top of the file."
        },
        {
            "shared-by", SharedBy, limit => limit.SharedBy, (limit, sharing) => limit with { SharedBy = sharing },
            SharedByText
        },
        {
            "rate-initial-burst", ValueKinds.Size(), limit => limit.RateInitialBurst,
            (limit, size) => limit with { RateInitialBurst = size },
            "How much leaves unpaced at the start of each response; of a limit that is shared, once for all who share it, and again "
                + "as time gives it back."
        },
        {
            "rate-limit-after", ValueKinds.Size(), limit => limit.RateInitialBurst,
            (limit, size) => limit with { RateInitialBurst = size },
            new("The same as rate-initial-burst, by the name that it has in nginx.") { ByDefault = "" }
        },
        {
            "pacer", Pacer, limit => limit.Pacer, (limit, pacer) => limit with { Pacer = pacer },
            PacerText
        },
        {
            "methods", ListKinds.OneOrMore(ConditionKinds.Method, "[ GET ]"), limit => limit.Conditions.Methods,
            (limit, names) => limit with { Conditions = limit.Conditions with { Methods = names } },
            "Only responses to these request methods."
        },
        {
            "content-types", ListKinds.OneOrMore(ConditionKinds.MediaType, "[ video/* ]"), limit => limit.Conditions.ContentTypes,
            (limit, types) => limit with { Conditions = limit.Conditions with { ContentTypes = types } },
            "Only responses of these media types; video/* is all of a kind."
        },
        {
            "paths", ListKinds.OneOrMore(ConditionKinds.Path, "[ /media, /*.iso ]"), limit => limit.Conditions.Paths,
            (limit, paths) => limit with { Conditions = limit.Conditions with { Paths = paths } },
            "Only requests for these paths, normalised, before strip-prefix. One with a * (any characters) is the whole path, one "
                + "without is a prefix of whole segments."
        },
        {
            "minimum-size", ValueKinds.Size(), limit => limit.Conditions.MinimumSize,
            (limit, size) => limit with { Conditions = limit.Conditions with { MinimumSize = size } },
            "Only responses of this Content-Length or more. One of unknown length is large enough."
        },
    };

    /// <summary>Reads an item of a route's list.</summary>
    public static RateLimitOptions ReadOfRoute(MappingNode mapping, Reading reading) => Read(mapping, onRoute: true, reading);

    /// <summary>Reads an item of the list at the top level.</summary>
    public static RateLimitOptions ReadOfAll(MappingNode mapping, Reading reading) => Read(mapping, onRoute: false, reading);

    private static RateLimitOptions Read(MappingNode mapping, bool onRoute, Reading reading)
    {
        if (mapping.Find("rate-limit") is null)
            reading.Mistake(mapping, "a rate limit has no rate; add for example 'rate-limit: 400KiB/s'");
        var limit = Keys.Read(mapping, new RateLimitOptions(), reading);
        Check(mapping, limit, onRoute, reading);
        if (limit.Direction == RateDirection.Upload && !PacerTable.Get(limit.Pacer).CanPaceUploads)
        {
            reading.Mistake(
                mapping.Find("pacer")!.Value,
                $"pacer: {PacerTable.Get(limit.Pacer).Name} is what Apache does to responses and cannot pace uploads; "
                + $"write {PacerTable.ForUploads}, or leave out 'direction' in line {mapping.Find("direction")!.Key.Line}");
        }
        return limit;
    }

    /// <summary>Checks the scope of a route's limit.</summary>
    public static void CheckScope(MappingNode mapping, string key, RateScope scope, Reading reading)
    {
        if (scope != RateScope.Total) return;
        reading.Mistake(mapping.Find(key)!.Value, $"{key}: a total limit is for all routes; put it into 'rate-limits:' at the top of the "
            + $"file, or write route for all {(key == "rate-scope" ? "responses" : "uploads")} of this one");
    }

    /// <summary>Checks the keys that a route's own limit and an item of a list share.</summary>
    public static void Check(MappingNode mapping, RateLimitOptions limit, bool onRoute, Reading reading)
    {
        var (scope, pacer) = (limit.RateScope, limit.Pacer);
        CheckSharing(mapping, "", limit, reading);
        if (limit.SharedBy == LimitSharing.Fleet) CheckBurst(mapping, reading);
        if (onRoute) CheckScope(mapping, "rate-scope", scope, reading);
        if (scope != RateScope.Response && !PacerTable.Get(pacer).CanBeShared)
        {
            reading.Mistake(
                mapping.Find("pacer")!.Value,
                $"pacer: {((ScalarNode)mapping.Find("pacer")!.Value).Text} sleeps for each response by itself and can share no rate; "
                + $"write {PacerTable.Shareable}, or leave out 'rate-scope' in line {mapping.Find("rate-scope")!.Key.Line}");
        }
        if (mapping.Find("rate-limit-after") is { } after && mapping.Find("rate-initial-burst") is { } burst)
        {
            var second = after.Key.Line > burst.Key.Line || (after.Key.Line == burst.Key.Line && after.Key.Column > burst.Key.Column)
                ? after : burst;
            reading.Mistake(
                second.Key, "rate-limit-after (nginx's name) and rate-initial-burst (Apache's) are one option, and both are given; leave "
                + "one of them out");
        }
    }

    /// <summary>Checks that a limit which a fleet shares has a scope that can be shared.</summary>
    /// <param name="mapping">Where the limit stands.</param>
    /// <param name="prefix">What its keys <c>rate-scope</c> and <c>shared-by</c> begin with.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="reading">Receives the mistake.</param>
    public static void CheckSharing(MappingNode mapping, string prefix, RateLimitOptions limit, Reading reading)
    {
        if (limit.SharedBy != LimitSharing.Fleet || limit.RateScope != RateScope.Response) return;
        var key = prefix + "shared-by";
        reading.Mistake(mapping.Find(key)!.Value, $"{key}: a limit that each {(prefix.Length == 0 ? "response" : "upload")} has to itself "
            + $"cannot be shared; add '{prefix}rate-scope: client' or another scope, or leave {key} out");
    }

    private static void CheckBurst(MappingNode mapping, Reading reading)
    {
        foreach (var key in new[] { "rate-initial-burst", "rate-limit-after" })
        {
            if (mapping.Find(key) is { } burst)
                reading.Mistake(burst.Key, $"{key}: a fleet shares a rate and not a burst, which each front end would give anew; leave it out");
        }
    }
}
