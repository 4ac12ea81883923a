using System.Net;
using DaemonProxy.Events;

namespace DaemonProxy.Configuration;

/// <summary>A front end's whole configuration, checked: everything in it can be served. Immutable; read from YAML.</summary>
public sealed record ProxyConfiguration
{
    /// <summary>The name of a front end without a configuration file.</summary>
    public const string DefaultName = "default";

    /// <summary>The name by which every console finds the front end. <see cref="NameRule"/> defines what it may be.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>Where the front end listens; at least one address.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [ListenAddress.AnyLoopbackPort];

    /// <summary>
    /// <c>user</c>: the user that a front end started by root becomes once it has opened its ports; null: it stays what it is.
    /// </summary>
    public string? User { get; init; }

    /// <summary><c>group</c>: the group that it then has; null: the user's own.</summary>
    public string? Group { get; init; }

    /// <summary>The certificate for the <c>https</c> addresses; null when there is none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary><c>restrict-embedded</c>; null when never set, which differs from off (behaviour.md, section 3).</summary>
    public bool? RestrictEmbedded { get; init; }

    /// <summary>
    /// <c>python-home</c> of embedded mode: full path of the folder of a Python or a virtual environment; null: search for one.
    /// </summary>
    public string? PythonHome { get; init; }

    /// <summary><c>python-path</c> of embedded mode: folders placed first on the module search path.</summary>
    public IReadOnlyList<string> PythonPath { get; init; } = [];

    /// <summary><c>lang</c> of embedded mode: LANG for Python in the front end; null: the front end's own.</summary>
    public string? Lang { get; init; }

    /// <summary><c>locale</c> of embedded mode: LC_ALL for Python in the front end; null: the front end's own.</summary>
    public string? Locale { get; init; }

    /// <summary>The environment variables set by <c>lang</c> and <c>locale</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables =>
        new[] { KeyValuePair.Create("LANG", Lang), KeyValuePair.Create("LC_ALL", Locale) }.Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value!);

    /// <summary>
    /// <c>io-threads</c>: threads that serve the front end's sockets, 1 to 1,024. Default: one for every two processors, because the
    /// daemons need the others.
    /// </summary>
    public int IoThreads { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>
    /// <c>connection-limit</c>: concurrent client connections on all addresses together. 0 (default): half of what the system's limit on
    /// open files leaves, because each may need a connection to a daemon.
    /// </summary>
    public long ConnectionLimit { get; init; }

    /// <summary><c>connection-limit-action</c>: what happens to connections beyond the limit. Default: they wait.</summary>
    public ConnectionLimitAction ConnectionLimitAction { get; init; }

    /// <summary>
    /// <c>limit-request-body</c>, bytes: a longer request body is refused with 413. 0: no limit. Default 1 GiB, as in Apache.
    /// </summary>
    public long LimitRequestBody { get; init; } = 1L << 30;

    /// <summary>
    /// <c>update-drain-timeout</c>, &gt; 0: how long a process that an update has replaced may go on with the downloads, uploads and
    /// upgraded connections that it has; then it breaks them off. Default 1 h: nginx waits for ever and so gathers processes behind
    /// WebSockets that never end, Envoy waits 15 minutes, which breaks long downloads.
    /// </summary>
    public TimeSpan UpdateDrainTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What a client may ask of the front end before an application sees its request.</summary>
    public ClientLimits ClientLimits { get; init; } = new();

    /// <summary>
    /// <c>spool-directory</c>: full path of the folder for the files of <c>response-spool</c> and <c>request-spool</c>. Null: TMPDIR,
    /// otherwise /var/tmp, otherwise the system's temporary folder.
    /// </summary>
    public string? SpoolDirectory { get; init; }

    /// <summary><c>encoded-slashes</c>: what happens to <c>%2F</c> in a path. Default: refused, as in Apache.</summary>
    public EncodedSlashes EncodedSlashes { get; init; }

    /// <summary><c>access-log</c> and its size and number: where a line for each request goes; without a target there is none.</summary>
    public LogOptions AccessLog { get; init; } = new();

    /// <summary><c>access-log-format</c>: how a request is written.</summary>
    public AccessLogFormat AccessLogFormat { get; init; }

    /// <summary>
    /// <c>event-log</c> and its size and number; without a target, events go to the instance's folder, or to the terminal of a front end
    /// that runs in one.
    /// </summary>
    public LogOptions EventLog { get; init; } = new();

    /// <summary><c>event-log-format</c>: how an event is written.</summary>
    public EventLogFormat EventLogFormat { get; init; }

    /// <summary><c>opentelemetry</c>: where spans and metrics go; null: nowhere, and nothing is measured for it.</summary>
    public TelemetryOptions? Telemetry { get; init; }

    /// <summary>
    /// <c>metrics-listen</c>: where <c>/metrics</c> is served for Prometheus, over http on loopback; null: only on the control socket.
    /// </summary>
    public ListenAddress? MetricsListen { get; init; }

    /// <summary><c>rate-limits</c>: the limits that apply to every route, in addition to its own.</summary>
    public IReadOnlyList<RateLimitOptions> RateLimits { get; init; } = [];

    /// <summary><c>fleet</c>: the front ends with which limits are shared; null: none are.</summary>
    public FleetOptions? Fleet { get; init; }

    /// <summary>
    /// <c>trusted-proxies</c>: the networks of proxies that are believed when they name their client (<c>X-Forwarded-*</c>). Default: none.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>The daemon groups, in file order.</summary>
    public IReadOnlyList<DaemonGroupOptions> Daemons { get; init; } = [];

    /// <summary>The routes, in file order; the longest matching path prefix wins.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];

    /// <summary>Whether any route runs its application inside the front end.</summary>
    public bool HasEmbedded => Routes.Any(route => route.Application is not null);

    /// <summary>Full path of the file that this was read from; null for a configuration built in memory.</summary>
    public string? File { get; init; }

    /// <summary>
    /// A hash of the file's text, 16 hexadecimal digits; null for a configuration built in memory. Shows whether the file has changed
    /// since.
    /// </summary>
    public string? Hash { get; init; }

    /// <summary>What a front end serves without any configuration: the sample application, on a free loopback port.</summary>
    public static ProxyConfiguration Sample { get; } = new()
    {
        Daemons = [new DaemonGroupOptions { Name = "sample", Source = DaemonSource.Sample }],
        Routes = [new RouteOptions { Path = "/", Daemon = "sample", Upgrades = ["websocket", "echo"] }],
    };

    /// <summary>
    /// What a front end serves when it is given a WSGI application and no configuration: that application, in a daemon group, on a free
    /// loopback port.
    /// </summary>
    /// <param name="target">A script's full path, or module:callable.</param>
    /// <param name="home">Full path of the working directory, which is also on the module search path.</param>
    /// <param name="processes">Number of workers; null: the default, 1.</param>
    /// <param name="threads">Requests that each worker serves at a time; null: the default, 15.</param>
    /// <param name="pythonHome">Full path of the folder of a Python or a virtual environment; null: search for one.</param>
    public static ProxyConfiguration OfApplication(string target, string home, int? processes, int? threads, string? pythonHome)
    {
        var group = new DaemonGroupOptions
        {
            Name = "app",
            Source = DaemonSource.Application,
            Application = target,
            Home = home,
            Processes = processes ?? 1,
            Threads = threads ?? DaemonGroupOptions.ApplicationThreads,
            PythonHome = pythonHome,
        };
        return new() { Daemons = [group], Routes = [new RouteOptions { Path = "/", Daemon = group.Name }] };
    }
}

/// <summary>The certificate for the <c>https</c> addresses: a PEM file with its key, or a PFX file.</summary>
public sealed record TlsOptions
{
    /// <summary>Full path of the PEM (chain) or PFX file.</summary>
    public required string Certificate { get; init; }

    /// <summary>Full path of the PEM key; null for a PFX file, or when the certificate file holds the key too.</summary>
    public string? Key { get; init; }

    /// <summary>
    /// Full path of a file whose first line is the password of the PFX or the key; null when there is none. The password itself does not
    /// belong in a configuration.
    /// </summary>
    public string? PasswordFile { get; init; }
}
