namespace DaemonProxy.Configuration;

/// <summary>The keys at the top of a configuration, and what its sections have to say to each other.</summary>
internal static class ProxySection
{
    private static readonly string DaemonExample = "[ { name: app, address: \"http://127.0.0.1:9000\" } ]";
    private static readonly string RouteExample = "[ { path: /, daemon: app } ]";

    /// <summary>The keys there are.</summary>
    public static KeyTable<ProxyConfiguration> Keys { get; } = new("a configuration")
    {
        { "name", ValueReaders.Name, (proxy, name) => proxy with { Name = name } },
        {
            "listen", ListReaders.OneOrMore(ValueReaders.ListenAddress, "[ http://127.0.0.1:8080 ]"),
            (proxy, listen) => proxy with { Listen = listen }
        },
        { "tls", ListReaders.Mapping(TlsSection.Read, "{ certificate: site.pem }"), (proxy, tls) => proxy with { Tls = tls } },
        { "restrict-embedded", ValueReaders.Switch, (proxy, on) => proxy with { RestrictEmbedded = on } },
        { "python-home", ValueReaders.FullPath, (proxy, home) => proxy with { PythonHome = home } },
        { "python-path", ListReaders.Folders, (proxy, path) => proxy with { PythonPath = path } },
        { "lang", ValueReaders.Word("C.UTF-8"), (proxy, lang) => proxy with { Lang = lang } },
        { "locale", ValueReaders.Word("C.UTF-8"), (proxy, locale) => proxy with { Locale = locale } },
        { "limit-request-body", ValueReaders.Size(), (proxy, size) => proxy with { LimitRequestBody = size } },
        { "limit-request-line", ValueReaders.Size(1_024, ClientLimits.LargestLine), (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestLine = (int)size } } },
        { "limit-request-fields", ValueReaders.Count(1, ClientLimits.MostFields), (proxy, count) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestFields = (int)count } } },
        { "limit-request-head", ValueReaders.Size(1_024, ClientLimits.LargestHead), (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { LimitRequestHead = (int)size } } },
        { "client-header-timeout", ValueReaders.Timeout(zero: false), (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { ClientHeaderTimeout = time } } },
        { "client-body-timeout", ValueReaders.Timeout(zero: false), (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { ClientBodyTimeout = time } } },
        { "keepalive-timeout", ValueReaders.Timeout(zero: false), (proxy, time) => proxy with { ClientLimits = proxy.ClientLimits with { KeepaliveTimeout = time } } },
        {
            "http2-max-concurrent-streams", ValueReaders.Count(1, 10_000),
            (proxy, count) => proxy with { ClientLimits = proxy.ClientLimits with { Http2MaxConcurrentStreams = (int)count } }
        },
        {
            "http2-stream-window", ValueReaders.Size(ClientLimits.SmallestWindow, 16L << 20),
            (proxy, size) => proxy with { ClientLimits = proxy.ClientLimits with { Http2StreamWindow = (int)size } }
        },
        { "spool-directory", ValueReaders.FullPath, (proxy, folder) => proxy with { SpoolDirectory = folder } },
        { "connection-limit", ValueReaders.Count(0, int.MaxValue), (proxy, count) => proxy with { ConnectionLimit = count } },
        { "connection-limit-action", ValueReaders.Choice(("wait", ConnectionLimitAction.Wait), ("close", ConnectionLimitAction.Close)), (proxy, action) => proxy with { ConnectionLimitAction = action } },
        {
            "encoded-slashes", ValueReaders.Choice(("refuse", EncodedSlashes.Refuse), ("decode", EncodedSlashes.Decode), ("keep", EncodedSlashes.Keep)),
            (proxy, slashes) => proxy with { EncodedSlashes = slashes }
        },
        { "io-threads", ValueReaders.Count(1, 1024), (proxy, count) => proxy with { IoThreads = (int)count } },
        { "access-log", ValueReaders.FullPath, (proxy, file) => proxy with { AccessLog = file } },
        { "metrics-listen", ValueReaders.MetricsAddress, (proxy, listen) => proxy with { MetricsListen = listen } },
        {
            "rate-limits", ListReaders.ListOf(ListReaders.Mapping(RateLimitSection.ReadOfAll, RateLimitSection.Example[2..^2]), RateLimitSection.Example),
            (proxy, limits) => proxy with { RateLimits = limits }
        },
        { "trusted-proxies", ListReaders.OneOrMore(ValueReaders.Network, "[ 10.0.0.0/8 ]"), (proxy, networks) => proxy with { TrustedProxies = networks } },
        {
            "daemons", ListReaders.ListOf(ListReaders.Mapping(DaemonSection.Read, DaemonExample[2..^2]), DaemonExample),
            (proxy, daemons) => proxy with { Daemons = daemons }
        },
        {
            "routes", ListReaders.ListOf(ListReaders.Mapping(RouteSection.Read, RouteExample[2..^2]), RouteExample),
            (proxy, routes) => proxy with { Routes = routes }
        },
    };

    /// <summary>Reads the whole of a configuration.</summary>
    public static ProxyConfiguration Read(MappingNode root, Reading reading)
    {
        var proxy = Keys.Read(root, new ProxyConfiguration(), reading);
        var (daemons, routes) = (Mappings(root, "daemons"), Mappings(root, "routes"));
        CheckListen(root, reading);
        CheckUnique(daemons, "name", "the daemon group", StringComparer.OrdinalIgnoreCase, reading);
        CheckUnique(routes, "path", "the route", StringComparer.Ordinal, reading);
        if (root.Find("routes") is null)
            return WithDefaultRoute(root, proxy, reading);

        // Where daemons could not be read, every route would be wrong for that one reason.
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
        var first = new Dictionary<(string, int), ConfigurationNode>();
        foreach (var node in listen is ListNode list ? list.Items : listen is null ? [] : [listen])
        {
            // What is no address has been reported where it was read.
            if (node is not ScalarNode scalar || !ListenAddress.TryParse(scalar.Text, out var address, out _))
                continue;
            if (address.Scheme == "https" && root.Find("tls") is null)
                reading.Mistake(node, $"listen: {scalar.Shown} needs a certificate; add 'tls: {{ certificate: site.pem }}', or write http");
            if (address.Port != 0 && !first.TryAdd((address.Host, address.Port), node))
            {
                var line = first[(address.Host, address.Port)].Line;
                reading.Mistake(node, $"listen: {scalar.Shown} is a host and port that line {line} has already; leave one of them out");
            }
        }
    }

    private static void CheckUnique(List<MappingNode> items, string key, string what, StringComparer comparer, Reading reading)
    {
        var first = new Dictionary<string, ConfigurationNode>(comparer);
        foreach (var item in items)
        {
            if (item.Find(key)?.Value is not ScalarNode { IsNull: false } value)
                continue;
            // /a/ and /a are one route.
            var name = value.Text.Length > 1 && key == "path" ? value.Text.TrimEnd('/') : value.Text;
            if (!first.TryAdd(name, value))
                reading.Mistake(value, $"{what} {value.Shown} is there twice, first in line {first[name].Line}; give each its own {key}");
        }
    }

    private static void CheckReferences(List<MappingNode> daemons, List<MappingNode> routes, Reading reading)
    {
        var names = daemons.Select(daemon => daemon.Find("name")?.Value).OfType<ScalarNode>().Select(name => name.Text).ToList();
        foreach (var reference in routes.Select(route => route.Find("daemon")?.Value).OfType<ScalarNode>())
        {
            if (reference.IsNull || names.Contains(reference.Text))
                continue;
            var right = NearestName.To(reference.Text, names) is { } nearest ? $"did you mean '{nearest}'?"
                : names.Count > 0 ? $"there {(names.Count == 1 ? "is" : "are")} {string.Join(", ", names)}"
                : "add it under 'daemons:'";
            reading.Mistake(reference, $"there is no daemon group {reference.Shown}; {right}");
        }
    }

    private static List<MappingNode> Mappings(MappingNode root, string key) =>
        (root.Find(key)?.Value as ListNode)?.Items.OfType<MappingNode>().ToList() ?? [];
}
