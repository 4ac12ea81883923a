namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>daemons</c>.</summary>
internal static class DaemonSection
{
    /// <summary>The smallest <c>header-buffer-size</c> that the original accepts.</summary>
    private const long SmallestHeaderBuffer = 8_192;

    /// <summary>Larger than any header line worth holding in memory.</summary>
    private const long LargestHeaderBuffer = 16L << 20;

    /// <summary>Larger than any socket buffer that a system grants.</summary>
    private const long LargestSocketBuffer = 1L << 30;

    // Declared before its use below: initialisers run in file order.
    private static ValueKind<string> RequestPath { get; } = ValueKinds.Text("/health",
        (text, shown, key) => text.StartsWith('/') && text.AsSpan().IndexOfAny('?', '#') < 0 ? (text, null)
            : (null, $"{key}: {shown} is no path of a request; it begins with a '/' and has no '?' or '#', as /health"),
        """
        "type": "string", "pattern": "^/[^?#]*$", "examples": ["/health"]
        """);

    private const string AddressesExample = "[ http://10.0.0.1:9000, http://10.0.0.2:9000 ]";

    private static ValueKind<IReadOnlyList<DaemonAddress>> Addresses { get; } = ListKinds.ListOf(
        ValueKinds.DaemonAddress, AddressesExample);

    private static DaemonGroupOptions Plain { get; } = new() { Name = "", Source = DaemonSource.Command };

    public static KeyTable<DaemonGroupOptions> Keys { get; } = new("a daemon group", Plain)
    {
        {
            "name", ValueKinds.Name, group => group.Name, (group, name) => group with { Name = name },
            new("The group's name, as routes refer to it.") { Required = true }
        },
        {
            "command", ListKinds.Command, group => group.Command,
            (group, command) => group with { Source = DaemonSource.Command, Command = command },
            "A program that the front end starts, watches and stops, and its arguments; {socket} stands for the Unix socket's path "
                + "that it must listen on."
        },
        {
            "home", ValueKinds.FullPath, group => group.Home, (group, path) => group with { Home = path },
            new("The working directory of the command or the application.") { ByDefault = "this file's folder" }
        },
        {
            "application", ValueKinds.Application, group => group.Application,
            (group, script) => group with { Source = DaemonSource.Application, Application = script },
            "A WSGI application that daemonproxy daemon runs on this machine's CPython: its script, relative to this file's folder, "
                + "or module:callable."
        },
        {
            "callable", ValueKinds.Word("application"), group => group.Callable, (group, name) => group with { Callable = name },
            new("The name of the callable in the application's script.") { OnlyWith = "application" }
        },
        {
            "python-home", ValueKinds.FullPath, group => group.PythonHome, (group, home) => group with { PythonHome = home },
            new("The folder of a Python or of a virtual environment.")
            {
                ByDefault = "an active virtual environment, else python3 on the PATH",
                OnlyWith = "application",
            }
        },
        {
            "python-path", ListKinds.Folders, group => group.PythonPath, (group, path) => group with { PythonPath = path },
            new("Folders before all others on the module search path: one or a list.") { OnlyWith = "application" }
        },
        {
            "address", ValueKinds.DaemonAddress, group => group.Address,
            (group, address) => group with { Source = DaemonSource.Address, Address = address },
            "Where a server listens that somebody else runs: unix: and a path, or http:// with host and port."
        },
        {
            "addresses", Addresses, group => group.Addresses.Count == 0 ? null : group.Addresses,
            (group, addresses) => group with
            {
                Source = DaemonSource.Address,
                Address = addresses is [var only] ? only : null,
                Addresses = addresses.Count > 1 ? addresses : [],
            },
            "Where several servers listen that somebody else runs: each request goes to the least busy one. One that cannot be connected "
            + "to "
                + "is left out and tried again."
        },
        {
            "sample", ValueKinds.Switch, group => group.Source == DaemonSource.Sample,
            (group, on) => on ? group with { Source = DaemonSource.Sample } : group,
            "The built-in sample application, to try things out with."
        },
        {
            "response-flush-delay", ValueKinds.DelayOrAuto(FlushPolicy.LongestDelay, FlushPolicy.Auto), group =>
            group.FlushPolicy.FlushDelay,
            (group, delay) => group with { FlushPolicy = group.FlushPolicy with { FlushDelay = delay } },
            "When the daemon has nothing more to read, wait this long for more before what is there is flushed to the client. 0 "
                + "flushes at once; auto adapts to how the application writes."
        },
        {
            "response-flush-deadline", ValueKinds.Delay(FlushPolicy.LongestDelay), group => group.FlushPolicy.FlushDeadline,
            (group, delay) => group with { FlushPolicy = group.FlushPolicy with { FlushDeadline = delay } },
            "The longest that a byte waits for its flush while the application trickles. 0: no deadline."
        },
        {
            "response-buffer-size", ValueKinds.Size(FlushPolicy.SmallestBufferSize), group => group.FlushPolicy.BufferSize,
            (group, size) => group with { FlushPolicy = group.FlushPolicy with { BufferSize = size } },
            "The runaway guard: when more than this is held unflushed on its way to the client, it is flushed."
        },
        {
            "connect-timeout", ValueKinds.Timeout(zero: false), group => group.ConnectTimeout,
            (group, time) => group with { ConnectTimeout = time },
            "How long connecting to the group's socket may take, all tries together; then the client gets a 503."
        },
        {
            "socket-timeout", ValueKinds.Timeout(zero: false), group => group.SocketTimeout,
            (group, time) => group with { SocketTimeout = time },
            "How long each single read or write between front end and daemon may take."
        },
        {
            "response-socket-timeout", ValueKinds.Timeout(zero: true), group => group.ResponseSocketTimeout,
            (group, time) => group with { ResponseSocketTimeout = time },
            "How long each write to the client may take. 0: as socket-timeout."
        },
        {
            "response-header-timeout", ValueKinds.Timeout(zero: true), group => group.ResponseHeaderTimeout,
            (group, time) => group with { ResponseHeaderTimeout = time },
            "How long the whole head of a response may take from its first byte, interim responses (1xx) included. 0: as socket-timeout."
        },
        {
            "daemon-keepalive", ValueKinds.Timeout(zero: true), group => group.DaemonKeepalive,
            (group, time) => group with { DaemonKeepalive = time },
            "How long a connection to the daemon may rest before it is closed instead of used again; keep it below what the daemon "
                + "closes resting connections after. 0: none is kept."
        },
        {
            "keepalive-unrepeatable", ValueKinds.Switch, group => group.KeepaliveUnrepeatable,
            (group, on) => group with { KeepaliveUnrepeatable = on },
            "Whether requests that may not be sent twice, such as POST, go on kept connections, too, though the daemon may close one "
                + "in that very moment (502). Off: each has a connection of its own."
        },
        {
            "response-spool", ValueKinds.Size(), group => group.ResponseSpool, (group, size) => group with { ResponseSpool = size },
            "How far a response is read ahead of a slow client, beyond response-buffer-size in memory, so that its worker is free for "
                + "others. It lies in a file that is deleted at once. 0: the worker waits for the client."
        },
        {
            "request-spool", ValueKinds.Size(), group => group.RequestSpool, (group, size) => group with { RequestSpool = size },
            "How much of a request's body is taken in before a worker is asked for: 256KiB in memory, more in a file that is deleted at "
                + "once. A longer body is streamed from there on. 0: all of it is streamed."
        },
        {
            "header-buffer-size", ValueKinds.Size(SmallestHeaderBuffer, LargestHeaderBuffer), group => group.HeaderBufferSize,
            (group, size) => group with { HeaderBufferSize = (int)size },
            "The longest response header line; a longer one is a 500."
        },
        {
            "startup-timeout", ValueKinds.Timeout(zero: true), group => group.StartupTimeout,
            (group, time) => group with { StartupTimeout = time },
            new("A daemon that the front end started and that does not answer on its socket by then is replaced. 0: no limit.") { NotWith = "address" }
        },
        {
            "shutdown-timeout", ValueKinds.Timeout(zero: true), group => group.ShutdownTimeout,
            (group, time) => group with { ShutdownTimeout = time },
            new("A daemon that the front end started and that has not ended by then is killed.") { NotWith = "address" }
        },
        {
            "processes", ValueKinds.Count(1, 256), group => group.Processes, (group, count) => group with { Processes = (int)count },
            new("Worker processes that the front end starts and watches.") { NotWith = "address" }
        },
        {
            "threads", ValueKinds.Count(0, 10_000), group => group.Threads, (group, count) => group with { Threads = (int)count },
            "Requests that a worker is given at a time; more wait in the front end. 0: any number, and the worker queues for itself. "
                + "An application has 15 unless this says otherwise."
        },
        {
            "listen-backlog", ValueKinds.Count(0, 1_000_000), group => group.ListenBacklog,
            (group, count) => group with { ListenBacklog = (int)count },
            "Requests that wait in the front end for a worker; those beyond get a 503 after connect-timeout."
        },
        {
            "queue-timeout", ValueKinds.Timeout(zero: true), group => group.QueueTimeout,
            (group, time) => group with { QueueTimeout = time },
            "A request that has waited for a worker for so long is dropped unrun, with 504. 0: off."
        },
        {
            "send-buffer-size", ValueKinds.Size(0, LargestSocketBuffer), group => group.SendBufferSize,
            (group, size) => group with { SendBufferSize = size },
            "Send buffer of the sockets to the daemon. 0: the system's."
        },
        {
            "receive-buffer-size", ValueKinds.Size(0, LargestSocketBuffer), group => group.ReceiveBufferSize,
            (group, size) => group with { ReceiveBufferSize = size },
            "Receive buffer of the sockets to the daemon. 0: the system's."
        },
        {
            "script-reloading", ValueKinds.Switch, group => group.ScriptReloading, (group, on) => group with { ScriptReloading = on },
            new("Workers whose script has changed are replaced before another request is served.") { OnlyWith = "application" }
        },
        {
            "request-timeout", ValueKinds.Timeout(zero: true), group => group.RequestTimeout,
            (group, time) => group with { RequestTimeout = time },
            new("How long a request of the application may run; fires at this times (1 + ln(threads)). 0: as long as it likes.")
            {
                OnlyWith = "application",
            }
        },
        {
            "interrupt-timeout", ValueKinds.Timeout(zero: true), group => group.InterruptTimeout,
            (group, time) => group with { InterruptTimeout = time },
            new("On firing, the request alone is interrupted (504), and the process is replaced only when that has not helped by then. 0: "
                + "the process is replaced at once.") { OnlyWith = "application" }
        },
        {
            "slow-request-timeout", ValueKinds.Timeout(zero: true), group => group.SlowRequestTimeout,
            (group, time) => group with { SlowRequestTimeout = time },
            new("A request that has run for so long is logged once, with the stack of its Python thread. 0: none is.") { OnlyWith = "application" }
        },
        {
            "deadlock-timeout", ValueKinds.Timeout(zero: true), group => group.DeadlockTimeout,
            (group, time) => group with { DeadlockTimeout = time },
            new("A worker whose interpreter lock cannot be taken for so long is replaced. 0: never.") { OnlyWith = "application" }
        },
        {
            "maximum-requests", ValueKinds.Count(0, long.MaxValue), group => group.MaximumRequests,
            (group, count) => group with { MaximumRequests = count },
            new("A worker that has had so many requests is replaced. 0: off.") { NotWith = "address" }
        },
        {
            "restart-interval", ValueKinds.Timeout(zero: true), group => group.RestartInterval,
            (group, time) => group with { RestartInterval = time },
            new("A worker that has run for so long is replaced. 0: off.") { NotWith = "address" }
        },
        {
            "cpu-time-limit", ValueKinds.Timeout(zero: true), group => group.CpuTimeLimit,
            (group, time) => group with { CpuTimeLimit = time },
            new("A worker that has used so much processor time is replaced. 0: off.") { NotWith = "address" }
        },
        {
            "inactivity-timeout", ValueKinds.Timeout(zero: true), group => group.InactivityTimeout,
            (group, time) => group with { InactivityTimeout = time },
            new("A worker that has had requests and then none for so long is replaced by a fresh one. 0: off.") { NotWith = "address" }
        },
        {
            "health-check-paths", ListKinds.OneOrMore(RequestPath, "[ /health ]"), group => group.HealthCheckPaths,
            (group, paths) => group with { HealthCheckPaths = paths },
            new("Paths, as the client sends them, whose requests do not count as activity for inactivity-timeout: one or a list.")
            {
                NotWith = "address",
            }
        },
        {
            "health-check", HealthCheckSection.Kind, group => group.HealthCheck,
            (group, check) => group with { HealthCheck = check },
            "What each worker is asked, a path or a mapping: a worker gets requests once its application has answered, and no more while "
                + "it does not."
        },
        {
            "graceful-timeout", ValueKinds.Timeout(zero: true), group => group.GracefulTimeout,
            (group, time) => group with { GracefulTimeout = time },
            new("A worker that is replaced finishes the requests it has, for at most so long, before it is asked to end.") { NotWith = "address" }
        },
        {
            "eviction-timeout", ValueKinds.Timeout(zero: true), group => group.EvictionTimeout,
            (group, time) => group with { EvictionTimeout = time },
            new("The same for an operator's restart.") { ByDefault = "graceful-timeout", NotWith = "address" }
        },
        {
            "user", ValueKinds.Word("www-data"), group => group.Identity.User,
            (group, user) => group with { Identity = group.Identity with { User = user } },
            new("The user that the processes run as; only root can choose another. Unix.") { NotWith = "address" }
        },
        {
            "group", ValueKinds.Word("www-data"), group => group.Identity.Group,
            (group, name) => group with { Identity = group.Identity with { Group = name } },
            new("The group that the processes run as. Unix.") { ByDefault = "the user's own", NotWith = "address" }
        },
        {
            "supplementary-groups", ListKinds.OneOrMore(ValueKinds.Word("video"), "[ video ]"), group => group.Identity.SupplementaryGroups,
            (group, names) => group with { Identity = group.Identity with { SupplementaryGroups = names } },
            new("Groups that the processes have beside their own: one or a list; only root can choose them. Unix.") { NotWith = "address" }
        },
        {
            "env", ListKinds.Variables, group => group.Identity.Env,
            (group, variables) => group with { Identity = group.Identity with { Env = variables } },
            new("Environment variables of the processes, beside the front end's and instead of those of the same name.") { NotWith = "address" }
        },
        {
            "env-file", ListKinds.OneOrMore(ValueKinds.ExistingFile, "[ site.env ]"), group => group.Identity.EnvFile,
            (group, files) => group with { Identity = group.Identity with { EnvFile = files } },
            new("Files with further environment variables, such as passwords, one NAME=value a line: one or a list. env wins over them.")
            {
                NotWith = "address",
            }
        },
        {
            "umask", ValueKinds.Umask, group => group.Identity.Umask,
            (group, umask) => group with { Identity = group.Identity with { Umask = umask } },
            new("Permission bits that files are made without, in octal. Unix.") { NotWith = "address" }
        },
        {
            "lang", ValueKinds.Word("C.UTF-8"), group => group.Identity.Lang,
            (group, lang) => group with { Identity = group.Identity with { Lang = lang } },
            new("The processes' environment variable LANG.") { NotWith = "address" }
        },
        {
            "locale", ValueKinds.Word("C.UTF-8"), group => group.Identity.Locale,
            (group, locale) => group with { Identity = group.Identity with { Locale = locale } },
            new("The processes' environment variable LC_ALL.") { NotWith = "address" }
        },
        {
            "display-name", ValueKinds.Word("app-worker"), group => group.Identity.DisplayName,
            (group, name) => group with { Identity = group.Identity with { DisplayName = name } },
            new("The name that ps shows. Unix.") { NotWith = "address" }
        },
        {
            "memory-limit", ValueKinds.Size(), group => group.Identity.MemoryLimit,
            (group, size) => group with { Identity = group.Identity with { MemoryLimit = size } },
            new("The most data memory of a process (RLIMIT_DATA). 0: none. Unix.") { NotWith = "address" }
        },
        {
            "virtual-memory-limit", ValueKinds.Size(), group => group.Identity.VirtualMemoryLimit,
            (group, size) => group with { Identity = group.Identity with { VirtualMemoryLimit = size } },
            new("The most address space of a process (RLIMIT_AS). 0: none. Unix.") { NotWith = "address" }
        },
        {
            "cpu-priority", ValueKinds.Count(-20, 19), group => group.Identity.CpuPriority,
            (group, nice) => group with { Identity = group.Identity with { CpuPriority = (int)nice } },
            new("Niceness of the processes, -20 (first) to 19 (last). Unix.") { NotWith = "address" }
        },
    };

    /// <summary>
    /// The option keys available to groups from a source; the group's name and the keys that choose the source are not options.
    /// </summary>
    public static IEnumerable<string> OptionsOf(DaemonSource source) => Keys.Descriptions.Where(key => key switch
    {
        { Name: "name" or "command" or "application" or "address" or "addresses" or "sample" } => false,
        { Name: "home" } => source is DaemonSource.Command or DaemonSource.Application,
        { Text.OnlyWith: "application" } => source == DaemonSource.Application,
        { Text.NotWith: "address" } => source != DaemonSource.Address,
        _ => true,
    }).Select(key => key.Name);

    public static DaemonGroupOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("name") is null)
            reading.Mistake(mapping, "a daemon group has no name; add for example 'name: app'");

        var group = Keys.Read(mapping, new DaemonGroupOptions { Name = "", Source = DaemonSource.Sample }, reading);
        CheckSource(mapping, reading);
        if (group.Identity.EnvFile.Count > 0) group = group with { Identity = WithFiles(group.Identity, reading) };
        if (group.Source == DaemonSource.Application)
        {
            if (mapping.Find("threads") is null) group = group with { Threads = DaemonGroupOptions.ApplicationThreads };
            else if (group.Threads == 0)
                reading.Mistake(mapping.Find("threads")!.Value, "threads: an application has 1 request thread or more; the default is 15");
        }
        return group is { Source: DaemonSource.Command or DaemonSource.Application, Home: null }
            ? group with { Home = reading.BaseDirectory } : group;
    }

    private static ProcessIdentity WithFiles(ProcessIdentity identity, Reading reading)
    {
        var variables = new Dictionary<string, string>();
        foreach (var file in identity.EnvFile)
        {
            foreach (var (name, value) in EnvironmentFile.Read(file, reading)) variables[name] = value;
        }
        return identity with { FileVariables = variables };
    }

    private static void CheckSource(MappingNode mapping, Reading reading)
    {
        // sample: off means the same as no key at all.
        var sources = mapping.Pairs.Where(
            pair => pair.Key.Text is "command" or "application" or "address" or "addresses"
                || (pair.Key.Text is "sample" && !IsOff(pair.Value)))
            .DistinctBy(pair => pair.Key.Text).ToList();
        if (sources.Count == 0)
            reading.Mistake(
                mapping, "a daemon group says nothing of where its processes come from; add one of command, application, address, "
                    + "addresses "
                + "and sample");
        foreach (var pair in sources.Skip(1))
        {
            reading.Mistake(
                pair.Key, $"a daemon group has one source, and '{sources[0].Key.Text}' in line {sources[0].Key.Line} is it already; "
                + $"leave out '{pair.Key.Text}' or make it a group of its own");
        }

        if (sources is not [var source])
            return;
        if (source.Key.Text is not ("command" or "application") && mapping.Find("home") is { } home)
            reading.Mistake(
                home.Key, $"home is the working directory of a command or an application, and this group has '{source.Key.Text}' instead; "
                + "leave it out");
        var keys = Keys.Descriptions.ToDictionary(key => key.Name);
        foreach (var pair in mapping.Pairs.Where(
            pair => source.Key.Text != "application" && keys.GetValueOrDefault(pair.Key.Text)?.Text.OnlyWith == "application"))
            reading.Mistake(
                pair.Key, $"{pair.Key.Text} is for a WSGI application, and this group has '{source.Key.Text}' instead; leave it out");
        if (source.Key.Text is not ("address" or "addresses"))
            return;
        CheckAddresses(source.Value, reading);
        foreach (var pair in mapping.Pairs.Where(pair => keys.GetValueOrDefault(pair.Key.Text)?.Text.NotWith == "address"))
            reading.Mistake(
                pair.Key, $"{pair.Key.Text} is for daemons that the front end starts, and this group has an address; leave it out");
    }

    private static void CheckAddresses(ConfigurationNode addresses, Reading reading)
    {
        var first = new Dictionary<DaemonAddress, ConfigurationNode>();
        foreach (var node in addresses is ListNode list ? list.Items : [])
        {
            if (node is ScalarNode scalar && DaemonAddress.TryParse(scalar.Text, reading.BaseDirectory, out var address, out _)
                && !first.TryAdd(address, node))
                reading.Mistake(
                    node, $"addresses: {scalar.Shown} is there twice, first in line {first[address].Line}; leave one of them out");
        }
    }

    private static bool IsOff(ConfigurationNode node) =>
        node is ScalarNode { Text: var text } && text.ToLowerInvariant() is "off" or "false" or "no";
}
