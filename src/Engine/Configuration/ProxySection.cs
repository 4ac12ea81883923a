using DaemonProxy.Events;

namespace DaemonProxy.Configuration;

/// <summary>The keys at the top level of a configuration, and the checks across its sections.</summary>
internal static class ProxySection
{
    private static readonly string DaemonExample = "[ { name: app, address: \"http://127.0.0.1:9000\" } ]";
    // A message that lists hundreds of names is no help.
    private const int MostNamed = 20;

    private static readonly string RouteExample = "[ { path: /, daemon: app } ]";

    public static KeyTable<ProxyConfiguration> Keys { get; } = new("a configuration", new ProxyConfiguration())
    {
        {
            "name", ValueKinds.Name, proxy => proxy.Name, (proxy, name) => proxy with { Name = name },
            new("The name by which every console finds the front end again.") { ByDefault = "the file's name without its extension" }
        },
        {
            "listen", ListKinds.OneOrMore(ValueKinds.ListenAddress, "[ http://127.0.0.1:8080 ]"), proxy => proxy.Listen,
            (proxy, listen) => proxy with { Listen = listen },
            new("Where the front end listens: one address or a list.") { ByDefault = "a port on 127.0.0.1 that the system chooses" }
        },
        {
            "user", ValueKinds.Word("www-data"), proxy => proxy.User, (proxy, user) => proxy with { User = user },
            new("The user that a front end started by root becomes once it has opened its ports, as in Apache. Unix.")
            {
                ByDefault = "whoever started it",
            }
        },
        {
            "group", ValueKinds.Word("www-data"), proxy => proxy.Group, (proxy, group) => proxy with { Group = group },
            new("The group that it then has. Unix.") { ByDefault = "the user's own" }
        },
        {
            "tls", ListKinds.Mapping(TlsSection.Read, "{ certificate: site.pem }", Defined("tls")), proxy => proxy.Tls,
            (proxy, tls) => proxy with { Tls = tls },
            "The certificate of the https addresses; needed when there is one."
        },
        {
            "restrict-embedded", ValueKinds.Switch, proxy => proxy.RestrictEmbedded, (proxy, on) => proxy with { RestrictEmbedded = on },
            "Whether embedded mode is refused (on) or allowed (off). Left out, it is allowed without being asked for, which is the "
                + "original's 'never set'."
        },
        {
            "python-home", ValueKinds.FullPath, proxy => proxy.PythonHome, (proxy, home) => proxy with { PythonHome = home },
            new("Embedded mode: the folder of a Python or of a virtual environment.")
            {
                ByDefault = "an active virtual environment, else python3 on the PATH",
            }
        },
        {
            "python-path", ListKinds.Folders, proxy => proxy.PythonPath, (proxy, path) => proxy with { PythonPath = path },
            "Embedded mode: folders before all others on the module search path: one or a list."
        },
        {
            "lang", ValueKinds.Word("C.UTF-8"), proxy => proxy.Lang, (proxy, lang) => proxy with { Lang = lang },
            "Embedded mode: the environment variable LANG for Python in the front end. Without a locale, text is UTF-8."
        },
        {
            "locale", ValueKinds.Word("C.UTF-8"), proxy => proxy.Locale, (proxy, locale) => proxy with { Locale = locale },
            "Embedded mode: the environment variable LC_ALL for Python in the front end."
        },
        {
            "limit-request-body", ValueKinds.Size(), proxy => proxy.LimitRequestBody,
            (proxy, size) => proxy with { LimitRequestBody = size },
            "A longer request body is refused with 413. 0: no limit."
        },
        {
            "limit-request-line", ValueKinds.Size(1_024, ClientLimits.LargestLine), proxy => proxy.ClientLimits.LimitRequestLine,
            (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestLine = (int)size } },
            "A longer request line is refused with 414."
        },
        {
            "limit-request-fields", ValueKinds.Count(1, ClientLimits.MostFields), proxy => proxy.ClientLimits.LimitRequestFields,
            (proxy, count) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestFields = (int)count } },
            "A request with more header fields is refused with 431."
        },
        {
            "limit-request-head", ValueKinds.Size(1_024, ClientLimits.LargestHead), proxy => proxy.ClientLimits.LimitRequestHead,
            (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestHead = (int)size } },
            "A request with more than that in all its header fields together is refused with 431."
        },
        {
            "client-header-timeout", ValueKinds.Timeout(zero: false), proxy => proxy.ClientLimits.ClientHeaderTimeout,
            (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { ClientHeaderTimeout = time } },
            "How long the whole head of a request, or a TLS handshake, may take; then 408."
        },
        {
            "client-body-timeout", ValueKinds.Timeout(zero: false), proxy => proxy.ClientLimits.ClientBodyTimeout,
            (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { ClientBodyTimeout = time } },
            "The longest a client may send nothing in the middle of a request's body; then 408, and in HTTP/2 that one stream ends."
        },
        {
            "keepalive-timeout", ValueKinds.Timeout(zero: false), proxy => proxy.ClientLimits.KeepaliveTimeout,
            (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { KeepaliveTimeout = time } },
            "How long a client's connection without a request stays open."
        },
        {
            "update-drain-timeout", ValueKinds.Timeout(zero: false), proxy => proxy.UpdateDrainTimeout,
            (proxy, time) => proxy with { UpdateDrainTimeout = time },
            "How long a process that an update has replaced may go on with what it has in flight."
        },
        {
            "http2-max-concurrent-streams", ValueKinds.Count(1, 10_000), proxy => proxy.ClientLimits.Http2MaxConcurrentStreams,
            (proxy, count) => proxy with { ClientLimits = proxy.ClientLimits with { Http2MaxConcurrentStreams = (int)count } },
            "Requests at a time on one HTTP/2 connection."
        },
        {
            "http2-stream-window", ValueKinds.Size(ClientLimits.SmallestWindow, 16L << 20), proxy => proxy.ClientLimits.Http2StreamWindow,
            (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { Http2StreamWindow = (int)size } },
            "What an HTTP/2 stream may send ahead of its daemon, and so what it can receive in one round trip; each stream of a connection can "
                + "take that much memory."
        },
        {
            "spool-directory", ValueKinds.FullPath, proxy => proxy.SpoolDirectory,
            (proxy, folder) => proxy with { SpoolDirectory = folder },
            new("The folder for what response-spool and request-spool keep on disk.")
            {
                ByDefault = "TMPDIR, else /var/tmp, else the system's temporary one",
            }
        },
        {
            "connection-limit", ValueKinds.Count(0, int.MaxValue), proxy => proxy.ConnectionLimit,
            (proxy, count) => proxy with { ConnectionLimit = count },
            "Connections of clients at a time, on all addresses together. 0: half of what the limit on open files leaves."
        },
        {
            "connection-limit-action",
            ValueKinds.Choice(("wait", ConnectionLimitAction.Wait), ("close", ConnectionLimitAction.Close)), proxy =>
                proxy.ConnectionLimitAction,
            (proxy, action) => proxy with { ConnectionLimitAction = action },
            "What becomes of connections beyond the limit: they wait until one ends, or are closed at once."
        },
        {
            "encoded-slashes",
            ValueKinds.Choice(("refuse", EncodedSlashes.Refuse), ("decode", EncodedSlashes.Decode), ("keep", EncodedSlashes.Keep)), proxy =>
                proxy.EncodedSlashes,
            (proxy, slashes) => proxy with { EncodedSlashes = slashes },
            "What becomes of %2F in a path, Apache's AllowEncodedSlashes: refuse it with 404, decode it to a slash, or keep it for "
                + "the daemon."
        },
        {
            "io-threads", ValueKinds.Count(1, 1024), proxy => proxy.IoThreads, (proxy, count) => proxy with { IoThreads = (int)count },
            new("Threads that serve the sockets of the front end.") { ByDefault = "one for every two processors" }
        },
        {
            "access-log", ValueKinds.LogTarget, proxy => proxy.AccessLog.Target,
            (proxy, target) => proxy with { AccessLog = proxy.AccessLog with { Target = target } },
            "Where a line for each request goes: a file, stdout, syslog, or syslog: with the path of the system log's socket."
        },
        {
            "access-log-format", ValueKinds.Choice(("combined", AccessLogFormat.Combined), ("json", AccessLogFormat.Json)),
            proxy => proxy.AccessLogFormat, (proxy, format) => proxy with { AccessLogFormat = format },
            "How a request is written: in the combined format, with the daemon group's name, the seconds waited for a worker and the "
            + "seconds "
                + "taken, or as a JSON object."
        },
        {
            "access-log-size", ValueKinds.Size(), proxy => proxy.AccessLog.Size,
            (proxy, size) => proxy with { AccessLog = proxy.AccessLog with { Size = size } },
            "The size at which the access log's file is rotated. 0: never, because somebody else does it."
        },
        {
            "access-log-keep", ValueKinds.Count(0, RotatingFile.MostKept), proxy => proxy.AccessLog.Keep,
            (proxy, count) => proxy with { AccessLog = proxy.AccessLog with { Keep = (int)count } },
            "How many full files of the access log are kept besides the current one."
        },
        {
            "event-log", ValueKinds.LogTarget, proxy => proxy.EventLog.Target,
            (proxy, target) => proxy with { EventLog = proxy.EventLog with { Target = target } },
            new("Where events go: a file, stdout, syslog, or syslog: with the path of the system log's socket.")
            {
                ByDefault = "events.log in the instance's folder; the terminal for a front end that runs in one",
            }
        },
        {
            "event-log-format", ValueKinds.Choice(("json", EventLogFormat.Json), ("text", EventLogFormat.Text)),
            proxy => proxy.EventLogFormat, (proxy, format) => proxy with { EventLogFormat = format },
            "How an event is written: as a JSON object, which Get-DaemonProxyEvent reads, or as words for people."
        },
        {
            "event-log-size", ValueKinds.Size(), proxy => proxy.EventLog.Size,
            (proxy, size) => proxy with { EventLog = proxy.EventLog with { Size = size } },
            "The size at which the event log's file is rotated. 0: never, because somebody else does it."
        },
        {
            "event-log-keep", ValueKinds.Count(0, RotatingFile.MostKept), proxy => proxy.EventLog.Keep,
            (proxy, count) => proxy with { EventLog = proxy.EventLog with { Keep = (int)count } },
            "How many full files of the event log are kept besides the current one."
        },
        {
            "opentelemetry",
            ListKinds.Mapping(TelemetrySection.Read, "{ endpoint: http://127.0.0.1:4318 }", Defined("opentelemetry")),
            proxy => proxy.Telemetry, (proxy, telemetry) => proxy with { Telemetry = telemetry },
            "Where spans and metrics are sent in OpenTelemetry's protocol, and which; left out, nothing is measured for it."
        },
        {
            "metrics-listen", ValueKinds.MetricsAddress, proxy => proxy.MetricsListen,
            (proxy, listen) => proxy with { MetricsListen = listen },
            "A loopback address at which /metrics is served in Prometheus's text format, beside the control socket."
        },
        {
            "rate-limits", SectionList(RateLimitSection.ReadOfAll, RateLimitSection.Example, "rateLimit"), proxy => proxy.RateLimits,
            (proxy, limits) => proxy with { RateLimits = limits },
            "Rate limits that hold on every route, beside the route's own: limits of a client's responses, or of all, across routes."
        },
        {
            "fleet", ListKinds.Mapping(FleetSection.Read, "{ redis: \"redis://10.0.0.5:6379/0\" }", Defined("fleet")), proxy => proxy.Fleet,
            (proxy, fleet) => proxy with { Fleet = fleet },
            "The Redis server through which front ends share the limits that have 'shared-by: fleet'."
        },
        {
            "trusted-proxies", ListKinds.OneOrMore(ValueKinds.Network, "[ 10.0.0.0/8 ]"), proxy => proxy.TrustedProxies,
            (proxy, networks) => proxy with { TrustedProxies = networks },
            "Addresses and networks of proxies whose X-Forwarded-For, -Proto and -Host count; without it nobody's do."
        },
        {
            "daemons", SectionList(DaemonSection.Read, DaemonExample, "daemon"), proxy => proxy.Daemons,
            (proxy, daemons) => proxy with { Daemons = daemons },
            "The daemon groups: the application servers behind the front end. Left out together with routes: the built-in sample "
                + "application."
        },
        {
            "routes", SectionList(RouteSection.Read, RouteExample, "route"), proxy => proxy.Routes,
            (proxy, routes) => proxy with { Routes = routes },
            "Which path goes to which daemon group; the longest matching path prefix wins. Left out with one daemon group: every path "
                + "goes to it."
        },
    };

    private static ValueKind<IReadOnlyList<T>> SectionList<T>(Func<MappingNode, Reading, T> read, string example, string section) =>
        ListKinds.ListOf(ListKinds.Mapping(read, example[2..^2], Defined(section)), example);

    private static string Defined(string section) => $"\"$ref\": \"#/$defs/{section}\"";

    /// <summary>Reads the whole of a configuration.</summary>
    /// <param name="root">The file's keys and values.</param>
    /// <param name="initial">What applies where a key is omitted.</param>
    /// <param name="reading">Collects the mistakes.</param>
    public static ProxyConfiguration Read(MappingNode root, ProxyConfiguration initial, Reading reading)
    {
        var proxy = Keys.Read(root, initial, reading);
        var (daemons, routes) = (Mappings(root, "daemons"), Mappings(root, "routes"));
        CheckListen(root, reading);
        CheckUser(root, daemons, reading);
        CheckFleet(root, routes, reading);
        CheckUnique(daemons, "name", "the daemon group", StringComparer.OrdinalIgnoreCase, reading);
        CheckUnique(routes, "path", "the route", StringComparer.Ordinal, reading);
        if (root.Find("routes") is null)
            return WithDefaultRoute(root, proxy, reading);

        // If the daemons could not be read, every route would be reported as wrong for that reason alone.
        if (root.Find("daemons")?.Value is null or ListNode)
            CheckReferences(daemons, routes, reading);
        return proxy;
    }

    private static ProxyConfiguration WithDefaultRoute(MappingNode root, ProxyConfiguration proxy, Reading reading)
    {
        if (root.Find("daemons") is not { } daemons)
            return proxy with { Daemons = ProxyConfiguration.Sample.Daemons, Routes = ProxyConfiguration.Sample.Routes };
        if (proxy.Daemons is [var only])
            return proxy with { Routes = [new RouteOptions { Path = "/", Daemon = only.Name }] };
        if (proxy.Daemons.Count > 1)
        {
            reading.Mistake(daemons.Key, $"there are {proxy.Daemons.Count} daemon groups and no routes; "
                + $"add 'routes:' to say which path goes to which, for example {RouteExample}");
        }

        return proxy;
    }

    private static void CheckListen(MappingNode root, Reading reading)
    {
        var listen = root.Find("listen")?.Value;
        var earlier = new List<(ListenAddress Address, ConfigurationNode Node)>();
        foreach (var node in listen is ListNode list ? list.Items : listen is null ? [] : [listen])
        {
            // An invalid address has already been reported where it was read.
            if (node is not ScalarNode scalar || !ListenAddress.TryParse(scalar.Text, out var address, out _))
                continue;
            if (address.Scheme == "https" && root.Find("tls") is null)
                reading.Mistake(node, $"listen: {scalar.Shown} needs a certificate; add 'tls: {{ certificate: site.pem }}', or write http");
            CheckFree("listen", scalar, address, earlier, reading);
        }
        if (root.Find("metrics-listen")?.Value is ScalarNode metrics && ListenAddress.TryParse(metrics.Text, out var own, out _))
            CheckFree("metrics-listen", metrics, own, earlier, reading);
    }

    private static void CheckFree(
        string key, ScalarNode node, ListenAddress address, List<(ListenAddress Address, ConfigurationNode Node)> earlier, Reading reading)
    {
        if (earlier.Find(other => other.Address.Overlaps(address)) is { Address: { } taken } first)
        {
            var same = taken.Host == address.Host ? "is a host and port that" : $"takes a port that {taken} in";
            reading.Mistake(node, $"{key}: {node.Shown} {same} line {first.Node.Line} has already; leave one of them out");
        }
        earlier.Add((address, node));
    }

    /// <summary>A front end that has given up root can give its workers no other identity than its own.</summary>
    private static void CheckUser(MappingNode root, List<MappingNode> daemons, Reading reading)
    {
        var user = Text(root, "user");
        if (user is null)
        {
            if (root.Find("group") is { } alone)
                reading.Mistake(alone.Key, "group at the top level goes with user; add 'user: www-data', or leave group out");
            return;
        }
        // Whoever starts as root and names root stays root.
        if (user is "root" or "0") return;
        foreach (var daemon in daemons)
        {
            foreach (var key in new[] { "user", "group", "supplementary-groups" })
            {
                if (daemon.Find(key) is not { } pair || (key != "supplementary-groups" && Text(daemon, key) == Text(root, key))) continue;
                reading.Mistake(
                    pair.Key, $"{key} of a daemon group takes root, which the front end gives up when it becomes user {user}; leave it out "
                    + "here or leave user out at the top level");
            }
        }
    }

    private static void CheckFleet(MappingNode root, List<MappingNode> routes, Reading reading)
    {
        if (root.Find("fleet") is not null) return;
        var limits = Mappings(root, "rate-limits").Concat(routes).Concat(routes.SelectMany(route => Mappings(route, "rate-limits")));
        foreach (var limit in limits)
        {
            foreach (var key in new[] { "shared-by", "upload-shared-by" })
            {
                if (limit.Find(key)?.Value is not ScalarNode value) continue;
                if (!value.Text.Equals("fleet", StringComparison.OrdinalIgnoreCase)) continue;
                reading.Mistake(value, $"{key}: there is no fleet to share the limit with; add 'fleet: {{ redis: "
                    + "\"redis://host:6379/0\" }' at the top of the file");
            }
        }
    }

    private static string? Text(MappingNode mapping, string key) => (mapping.Find(key)?.Value as ScalarNode)?.Text;

    private static void CheckUnique(List<MappingNode> items, string key, string what, StringComparer comparer, Reading reading)
    {
        var first = new Dictionary<string, ConfigurationNode>(comparer);
        foreach (var item in items)
        {
            if (item.Find(key)?.Value is not ScalarNode { IsNull: false } value)
                continue;
            // /a/ and /a are the same route.
            var name = value.Text.Length > 1 && key == "path" ? value.Text.TrimEnd('/') : value.Text;
            if (!first.TryAdd(name, value))
                reading.Mistake(value, $"{what} {value.Shown} is there twice, first in line {first[name].Line}; give each its own {key}");
        }
    }

    private static void CheckReferences(List<MappingNode> daemons, List<MappingNode> routes, Reading reading)
    {
        var names = daemons.Select(daemon => daemon.Find("name")?.Value).OfType<ScalarNode>().Select(name => name.Text).ToHashSet();
        // Thousands of routes may all have the same wrong name.
        var advice = new Dictionary<string, string>();
        foreach (var reference in routes.Select(route => route.Find("daemon")?.Value).OfType<ScalarNode>())
        {
            if (reference.IsNull || names.Contains(reference.Text))
                continue;
            if (!advice.TryGetValue(reference.Text, out var right))
                advice.Add(reference.Text, right = AdviceFor(reference.Text, names));
            reading.Mistake(reference, $"there is no daemon group {reference.Shown}; {right}");
        }
    }

    private static string AdviceFor(string wrong, HashSet<string> names) =>
        NearestName.To(wrong, names) is { } nearest ? $"did you mean '{nearest}'?"
            : names.Count == 0 ? "add it under 'daemons:'"
            : $"there {(names.Count == 1 ? "is" : "are")} {string.Join(", ", names.Take(MostNamed))}"
            + (names.Count > MostNamed ? $" and {names.Count - MostNamed:N0} more" : "");

    private static List<MappingNode> Mappings(MappingNode root, string key) =>
        (root.Find(key)?.Value as ListNode)?.Items.OfType<MappingNode>().ToList() ?? [];
}
