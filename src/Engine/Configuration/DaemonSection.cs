namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>daemons</c>.</summary>
internal static class DaemonSection
{
    /// <summary>The least <c>header-buffer-size</c> that the original takes.</summary>
    private const long SmallestHeaderBuffer = 8_192;

    /// <summary>More than any header line is worth holding in memory.</summary>
    private const long LargestHeaderBuffer = 16L << 20;

    /// <summary>More than any system gives a socket.</summary>
    private const long LargestSocketBuffer = 1L << 30;

    // Before its use below: initialisers run in the order of the file.
    private static ValueReader<string> RequestPath { get; } = ValueReaders.Text("/health", (text, shown, key) => text.StartsWith('/') && text.AsSpan().IndexOfAny('?', '#') < 0
        ? (text, null) : (null, $"{key}: {shown} is no path of a request; it begins with a '/' and has no '?' or '#', as /health"));

    /// <summary>The keys there are.</summary>
    public static KeyTable<DaemonGroupOptions> Keys { get; } = new("a daemon group")
    {
        { "name", ValueReaders.Name, (group, name) => group with { Name = name } },
        { "command", ListReaders.Command, (group, command) => group with { Source = DaemonSource.Command, Command = command } },
        { "home", ValueReaders.FullPath, (group, path) => group with { Home = path } },
        { "application", ValueReaders.Application, (group, script) => group with { Source = DaemonSource.Application, Application = script } },
        { "callable", ValueReaders.Word("application"), (group, name) => group with { Callable = name } },
        { "python-home", ValueReaders.FullPath, (group, home) => group with { PythonHome = home } },
        { "python-path", ListReaders.Folders, (group, path) => group with { PythonPath = path } },
        { "address", ValueReaders.DaemonAddress, (group, address) => group with { Source = DaemonSource.Address, Address = address } },
        { "sample", ValueReaders.Switch, (group, on) => on ? group with { Source = DaemonSource.Sample } : group },
        { "response-flush-delay", ValueReaders.Delay(FlushPolicy.LongestDelay), (group, delay) => group with { ResponseFlushDelay = delay } },
        { "response-flush-deadline", ValueReaders.Delay(FlushPolicy.LongestDelay), (group, delay) => group with { ResponseFlushDeadline = delay } },
        { "response-buffer-size", ValueReaders.Size(FlushPolicy.SmallestBufferSize), (group, size) => group with { ResponseBufferSize = size } },
        { "connect-timeout", ValueReaders.Timeout(zero: false), (group, time) => group with { ConnectTimeout = time } },
        { "socket-timeout", ValueReaders.Timeout(zero: false), (group, time) => group with { SocketTimeout = time } },
        { "response-socket-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { ResponseSocketTimeout = time } },
        { "response-header-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { ResponseHeaderTimeout = time } },
        { "daemon-keepalive", ValueReaders.Timeout(zero: true), (group, time) => group with { DaemonKeepalive = time } },
        { "keepalive-unrepeatable", ValueReaders.Switch, (group, on) => group with { KeepaliveUnrepeatable = on } },
        { "response-spool", ValueReaders.Size(), (group, size) => group with { ResponseSpool = size } },
        { "request-spool", ValueReaders.Size(), (group, size) => group with { RequestSpool = size } },
        {
            "header-buffer-size", ValueReaders.Size(SmallestHeaderBuffer, LargestHeaderBuffer),
            (group, size) => group with { HeaderBufferSize = (int)size }
        },
        { "startup-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { StartupTimeout = time } },
        { "shutdown-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { ShutdownTimeout = time } },
        { "processes", ValueReaders.Count(1, 256), (group, count) => group with { Processes = (int)count } },
        { "threads", ValueReaders.Count(0, 10_000), (group, count) => group with { Threads = (int)count } },
        { "listen-backlog", ValueReaders.Count(0, 1_000_000), (group, count) => group with { ListenBacklog = (int)count } },
        { "queue-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { QueueTimeout = time } },
        { "send-buffer-size", ValueReaders.Size(0, LargestSocketBuffer), (group, size) => group with { SendBufferSize = size } },
        { "receive-buffer-size", ValueReaders.Size(0, LargestSocketBuffer), (group, size) => group with { ReceiveBufferSize = size } },
        { "script-reloading", ValueReaders.Switch, (group, on) => group with { ScriptReloading = on } },
        { "request-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { RequestTimeout = time } },
        { "interrupt-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { InterruptTimeout = time } },
        { "slow-request-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { SlowRequestTimeout = time } },
        { "deadlock-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { DeadlockTimeout = time } },
        { "maximum-requests", ValueReaders.Count(0, long.MaxValue), (group, count) => group with { MaximumRequests = count } },
        { "restart-interval", ValueReaders.Timeout(zero: true), (group, time) => group with { RestartInterval = time } },
        { "cpu-time-limit", ValueReaders.Timeout(zero: true), (group, time) => group with { CpuTimeLimit = time } },
        { "inactivity-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { InactivityTimeout = time } },
        { "health-check-paths", ListReaders.OneOrMore(RequestPath, "[ /health ]"), (group, paths) => group with { HealthCheckPaths = paths } },
        { "graceful-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { GracefulTimeout = time } },
        { "eviction-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { EvictionTimeout = time } },
        { "user", ValueReaders.Word("www-data"), (group, user) => group with { Identity = group.Identity with { User = user } } },
        { "group", ValueReaders.Word("www-data"), (group, name) => group with { Identity = group.Identity with { Group = name } } },
        {
            "supplementary-groups", ListReaders.OneOrMore(ValueReaders.Word("video"), "[ video ]"),
            (group, names) => group with { Identity = group.Identity with { SupplementaryGroups = names } }
        },
        { "env", ListReaders.Variables, (group, variables) => group with { Identity = group.Identity with { Env = variables } } },
        { "umask", ValueReaders.Umask, (group, umask) => group with { Identity = group.Identity with { Umask = umask } } },
        { "lang", ValueReaders.Word("C.UTF-8"), (group, lang) => group with { Identity = group.Identity with { Lang = lang } } },
        { "locale", ValueReaders.Word("C.UTF-8"), (group, locale) => group with { Identity = group.Identity with { Locale = locale } } },
        { "display-name", ValueReaders.Word("app-worker"), (group, name) => group with { Identity = group.Identity with { DisplayName = name } } },
        { "memory-limit", ValueReaders.Size(), (group, size) => group with { Identity = group.Identity with { MemoryLimit = size } } },
        { "virtual-memory-limit", ValueReaders.Size(), (group, size) => group with { Identity = group.Identity with { VirtualMemoryLimit = size } } },
        { "cpu-priority", ValueReaders.Count(-20, 19), (group, nice) => group with { Identity = group.Identity with { CpuPriority = (int)nice } } },
    };

    /// <summary>The keys that are for processes the front end starts; with an address there are none.</summary>
    private static readonly HashSet<string> ForManaged =
    [
        "startup-timeout", "shutdown-timeout", "processes", "maximum-requests", "restart-interval", "cpu-time-limit", "inactivity-timeout", "health-check-paths",
        "graceful-timeout", "eviction-timeout", "user", "group", "supplementary-groups", "env", "umask", "lang", "locale", "display-name", "memory-limit", "virtual-memory-limit",
        "cpu-priority",
    ];

    /// <summary>The keys that need an interpreter of ours.</summary>
    private static readonly HashSet<string> ForApplications =
        ["callable", "python-home", "python-path", "script-reloading", "request-timeout", "interrupt-timeout", "slow-request-timeout", "deadlock-timeout"];

    /// <summary>The keys of options that a group of a kind can have; what it is and where its processes come from is none.</summary>
    public static IEnumerable<string> OptionsOf(DaemonSource source) => Keys.Except(["name", "command", "application", "address", "sample"])
        .Where(key => key switch
        {
            "home" => source is DaemonSource.Command or DaemonSource.Application,
            _ => (source == DaemonSource.Application || !ForApplications.Contains(key)) && (source != DaemonSource.Address || !ForManaged.Contains(key)),
        });

    /// <summary>Reads an item.</summary>
    public static DaemonGroupOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("name") is null)
            reading.Mistake(mapping, "a daemon group has no name; add for example 'name: app'");

        var group = Keys.Read(mapping, new DaemonGroupOptions { Name = "", Source = DaemonSource.Sample }, reading);
        CheckSource(mapping, reading);
        if (group.Source == DaemonSource.Application)
        {
            if (mapping.Find("threads") is null) group = group with { Threads = DaemonGroupOptions.ApplicationThreads };
            else if (group.Threads == 0) reading.Mistake(mapping.Find("threads")!.Value, "threads: an application has 1 request thread or more; the default is 15");
        }
        return group is { Source: DaemonSource.Command or DaemonSource.Application, Home: null } ? group with { Home = reading.BaseDirectory } : group;
    }

    private static void CheckSource(MappingNode mapping, Reading reading)
    {
        // sample: off says no more than a key that is not there.
        var sources = mapping.Pairs.Where(pair => pair.Key.Text is "command" or "application" or "address" || (pair.Key.Text is "sample" && !IsOff(pair.Value)))
            .DistinctBy(pair => pair.Key.Text).ToList();
        if (sources.Count == 0)
            reading.Mistake(mapping, "a daemon group says nothing of where its processes come from; add one of command, application, address and sample");
        foreach (var pair in sources.Skip(1))
        {
            reading.Mistake(pair.Key, $"a daemon group has one source, and '{sources[0].Key.Text}' in line {sources[0].Key.Line} is it already; "
                + $"leave out '{pair.Key.Text}' or make it a group of its own");
        }

        if (sources is not [var source])
            return;
        if (source.Key.Text is not ("command" or "application") && mapping.Find("home") is { } home)
            reading.Mistake(home.Key, $"home is the working directory of a command or an application, and this group has '{source.Key.Text}' instead; leave it out");
        foreach (var pair in mapping.Pairs.Where(pair => source.Key.Text != "application" && ForApplications.Contains(pair.Key.Text)))
            reading.Mistake(pair.Key, $"{pair.Key.Text} is for a WSGI application, and this group has '{source.Key.Text}' instead; leave it out");
        if (source.Key.Text != "address")
            return;
        foreach (var pair in mapping.Pairs.Where(pair => ForManaged.Contains(pair.Key.Text)))
            reading.Mistake(pair.Key, $"{pair.Key.Text} is for daemons that the front end starts, and this group has an address; leave it out");
    }

    private static bool IsOff(ConfigurationNode node) => node is ScalarNode { Text: var text } && text.ToLowerInvariant() is "off" or "false" or "no";
}
