namespace DaemonProxy.Configuration;

/// <summary>Where a daemon group's processes come from.</summary>
public enum DaemonSource
{
    /// <summary>The built-in sample application, run by <c>daemonproxy daemon --sample</c>.</summary>
    Sample,

    /// <summary>A command that the front end starts, watches and stops.</summary>
    Command,

    /// <summary>A server that somebody else runs: only its address is configured.</summary>
    Address,

    /// <summary>A WSGI application, run by <c>daemonproxy daemon --application</c>.</summary>
    Application,
}

/// <summary>One daemon group (behaviour.md, section 5; names and defaults are the original's).</summary>
public sealed record DaemonGroupOptions
{
    /// <summary>The default of <c>threads</c> for a WSGI application (behaviour.md, section 5).</summary>
    public const int ApplicationThreads = 15;

    /// <summary>The group's name, which routes refer to.</summary>
    public required string Name { get; init; }

    /// <summary>Where the group's processes come from.</summary>
    public required DaemonSource Source { get; init; }

    /// <summary>
    /// <c>command</c>: program and arguments. <c>{socket}</c> in any of them is replaced with the socket's path. Empty unless <see
    /// cref="Source"/> is <see cref="DaemonSource.Command"/>.
    /// </summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>
    /// <c>application</c>: full path of a WSGI script, or module:callable; null unless <see cref="Source"/> is
    /// <see cref="DaemonSource.Application"/>.
    /// </summary>
    public string? Application { get; init; }

    /// <summary><c>callable</c>: the name of the callable in the script. Default <c>application</c>.</summary>
    public string Callable { get; init; } = "application";

    /// <summary><c>python-home</c>: full path of the folder of a Python or a virtual environment; null: search for one.</summary>
    public string? PythonHome { get; init; }

    /// <summary><c>python-path</c>: folders placed first on the module search path.</summary>
    public IReadOnlyList<string> PythonPath { get; init; } = [];

    /// <summary>
    /// <c>script-reloading</c>: whether a worker whose script has changed is replaced before it serves another request. Default on.
    /// </summary>
    public bool ScriptReloading { get; init; } = true;

    /// <summary>
    /// <c>request-timeout</c>: how long an application's request may run. It fires after this times (1 + ln(threads)). 0 (default): no
    /// limit.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; }

    /// <summary>
    /// <c>interrupt-timeout</c>: when the request timeout fires, only the request is interrupted at first; the process is replaced if the
    /// request has not ended within this time. 0 (default): the process is replaced at once.
    /// </summary>
    public TimeSpan InterruptTimeout { get; init; }

    /// <summary>
    /// <c>slow-request-timeout</c>: an application's request that has run this long is logged once, with the stack of its Python thread. 0
    /// (default): off.
    /// </summary>
    public TimeSpan SlowRequestTimeout { get; init; }

    /// <summary>
    /// <c>deadlock-timeout</c>: a worker whose interpreter lock cannot be taken for this long is replaced. 0: never. Default 300 s.
    /// </summary>
    public TimeSpan DeadlockTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary><c>home</c>: the command's working directory, a full path. Default: the configuration file's folder.</summary>
    public string? Home { get; init; }

    /// <summary><c>address</c> of an external group, or null: the front end chooses a Unix socket.</summary>
    public DaemonAddress? Address { get; init; }

    /// <summary><c>addresses</c> of an external group of several servers, two or more; empty: there is one, or none.</summary>
    public IReadOnlyList<DaemonAddress> Addresses { get; init; } = [];

    /// <summary>All addresses of an external group; empty for other groups.</summary>
    public IReadOnlyList<DaemonAddress> AllAddresses => Address is null ? Addresses : [Address];

    /// <summary>
    /// <c>response-flush-delay</c>, <c>response-buffer-size</c> and <c>response-flush-deadline</c>: when responses are flushed.
    /// </summary>
    public FlushPolicy FlushPolicy { get; init; } = FlushPolicy.Default;

    /// <summary><c>connect-timeout</c>: time allowed for connecting to the group's socket. Default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><c>socket-timeout</c>: limit for each single read or write between front end and daemon. Default 60 s.</summary>
    public TimeSpan SocketTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>response-socket-timeout</c>: limit for each write to the client. Default (and 0): <see cref="SocketTimeout"/>.</summary>
    public TimeSpan ResponseSocketTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// <c>response-header-timeout</c>: limit for the whole head of a response, interim responses (1xx) included, from its first byte. It
    /// catches a daemon that sends the head byte by byte and so stays within each <see cref="SocketTimeout"/>. Default (and 0): <see
    /// cref="SocketTimeout"/>.
    /// </summary>
    public TimeSpan ResponseHeaderTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// <c>daemon-keepalive</c>: how long an idle connection to a worker is kept for reuse before it is closed; 0: none is kept. Default 1.5
    /// s, below the shortest keep-alive of the usual servers, gunicorn's 2 s (uvicorn, Node and Apache: 5 s).
    /// </summary>
    public TimeSpan DaemonKeepalive { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// <c>keepalive-unrepeatable</c>: whether a request that may not be sent twice (RFC 9110, section 9.2.2: POST, PATCH, any with a body)
    /// may use a kept connection. The daemon may close that connection at the same moment, and the client then gets a 502. Default off: the
    /// request gets a connection of its own, at a cost of some 120 us. Our own workers never close first and take every request on kept
    /// connections.
    /// </summary>
    public bool KeepaliveUnrepeatable { get; init; }

    /// <summary>
    /// <c>response-spool</c>, bytes: how far a response is read ahead of a slow client, beyond the <see cref="FlushPolicy.BufferSize"/>
    /// held in memory, so that its worker is free for other requests. The bytes are kept in an unlinked file. 0 (default): the worker waits
    /// for the client.
    /// </summary>
    public long ResponseSpool { get; init; }

    /// <summary>
    /// <c>request-spool</c>, bytes: how much of a request's body is read before a worker is requested: 256 KiB in memory, the rest in an
    /// unlinked file. Anything beyond is streamed afterwards. 0 (default): the whole body is streamed.
    /// </summary>
    public long RequestSpool { get; init; }

    /// <summary><c>header-buffer-size</c>, bytes: the longest response header line; a longer one gets a 500. Default 32,768.</summary>
    public int HeaderBufferSize { get; init; } = 32_768;

    /// <summary>
    /// <c>startup-timeout</c>: a managed daemon that does not answer on its socket within this time is replaced. 0: no limit. Default 0.
    /// </summary>
    public TimeSpan StartupTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// How long a start or a restart of the front end waits for the group: <see cref="StartupTimeout"/>, or 30 s if that is 0.
    /// </summary>
    public TimeSpan StartLimit => StartupTimeout > TimeSpan.Zero ? StartupTimeout : TimeSpan.FromSeconds(30);

    /// <summary><c>shutdown-timeout</c>: a managed daemon that has not ended within this time is killed. Default 5 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>processes</c>: workers of a managed group, 1 to 256. Default 1.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>
    /// <c>threads</c>: requests that a worker is given at a time. 0: any number; the worker queues them itself. Default 15 for an
    /// application, otherwise 0.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// <c>listen-backlog</c>: requests that may wait in the front end for a worker; those beyond it get a 503 after connect-timeout.
    /// Default 100.
    /// </summary>
    public int ListenBacklog { get; init; } = 100;

    /// <summary>
    /// <c>queue-timeout</c>: a request that has waited this long for a worker is dropped unrun, with a 504. 0: off. Default 0.
    /// </summary>
    public TimeSpan QueueTimeout { get; init; }

    /// <summary><c>send-buffer-size</c>, bytes, of the sockets to the daemon; 0: the system default. Default 0.</summary>
    public long SendBufferSize { get; init; }

    /// <summary><c>receive-buffer-size</c>, bytes, of the sockets to the daemon; 0: the system default. Default 0.</summary>
    public long ReceiveBufferSize { get; init; }

    /// <summary><c>maximum-requests</c>: a worker is replaced after this many requests. 0: off. Default 0.</summary>
    public long MaximumRequests { get; init; }

    /// <summary><c>restart-interval</c>: a worker is replaced after it has run this long. 0: off. Default 0.</summary>
    public TimeSpan RestartInterval { get; init; }

    /// <summary><c>cpu-time-limit</c>: a worker is replaced after it has used this much processor time. 0: off. Default 0.</summary>
    public TimeSpan CpuTimeLimit { get; init; }

    /// <summary>
    /// <c>inactivity-timeout</c>: a worker that has served requests and then receives none for this long is replaced with a fresh one. 0:
    /// off. Default 0.
    /// </summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary>
    /// <c>health-check-paths</c>: paths, as the client sends them, whose requests do not count for <see cref="InactivityTimeout"/>.
    /// Default: none.
    /// </summary>
    public IReadOnlyList<string> HealthCheckPaths { get; init; } = [];

    /// <summary><c>health-check</c>: what its workers are asked before and while they get requests; null: nothing.</summary>
    public HealthCheckOptions? HealthCheck { get; init; }

    /// <summary>
    /// <c>graceful-timeout</c>: how long a worker that is being replaced may take to finish its requests before it is asked to end. Default
    /// 0.
    /// </summary>
    public TimeSpan GracefulTimeout { get; init; }

    /// <summary><c>eviction-timeout</c>: the same for a restart by an operator. Default: <see cref="GracefulTimeout"/>.</summary>
    public TimeSpan? EvictionTimeout { get; init; }

    /// <summary>How a managed group's processes are run: their user, limits and environment.</summary>
    public ProcessIdentity Identity { get; init; } = new();
}
