namespace DaemonProxy.Configuration;

/// <summary>Where a daemon group's processes come from.</summary>
public enum DaemonSource
{
    /// <summary>The built-in sample application, run by <c>daemonproxy daemon --sample</c>.</summary>
    Sample,

    /// <summary>A command that the front end starts, watches and stops.</summary>
    Command,

    /// <summary>A server that somebody else runs: just an address.</summary>
    Address,

    /// <summary>A WSGI application, run by <c>daemonproxy daemon --application</c>.</summary>
    Application,
}

/// <summary>One daemon group (behaviour.md, section 5; names and defaults are the original's).</summary>
public sealed record DaemonGroupOptions
{
    /// <summary>The default of <c>threads</c> for a WSGI application (behaviour.md, section 5).</summary>
    public const int ApplicationThreads = 15;

    /// <summary>The group's name, as routes refer to it.</summary>
    public required string Name { get; init; }

    /// <summary>Where the group's processes come from.</summary>
    public required DaemonSource Source { get; init; }

    /// <summary>
    /// <c>command</c>: program and arguments; <c>{socket}</c> in any of them stands for the socket's path. Empty unless
    /// <see cref="Source"/> is <see cref="DaemonSource.Command"/>.
    /// </summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>
    /// <c>application</c>: full path of a WSGI script, or module:callable; null unless <see cref="Source"/> is
    /// <see cref="DaemonSource.Application"/>.
    /// </summary>
    public string? Application { get; init; }

    /// <summary><c>callable</c>: the name of the callable in the script. Default <c>application</c>.</summary>
    public string Callable { get; init; } = "application";

    /// <summary><c>python-home</c>: full path of a Python's or a virtual environment's folder; null: the one that is found.</summary>
    public string? PythonHome { get; init; }

    /// <summary><c>python-path</c>: folders before all others on the module search path.</summary>
    public IReadOnlyList<string> PythonPath { get; init; } = [];

    /// <summary>
    /// <c>script-reloading</c>: whether workers whose script has changed are replaced before they serve another request. Default on.
    /// </summary>
    public bool ScriptReloading { get; init; } = true;

    /// <summary>
    /// <c>request-timeout</c>: how long a request of an application may run; it fires at this times (1 + ln(threads)). 0 (default): as long
    /// as it likes.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; }

    /// <summary>
    /// <c>interrupt-timeout</c>: on firing, the request alone is interrupted first, and the process replaced only when that has not helped
    /// by then. 0 (default): replaced at once.
    /// </summary>
    public TimeSpan InterruptTimeout { get; init; }

    /// <summary>
    /// <c>slow-request-timeout</c>: a request of an application that has run for so long is logged once, with the stack of its Python
    /// thread. 0 (default): none is.
    /// </summary>
    public TimeSpan SlowRequestTimeout { get; init; }

    /// <summary>
    /// <c>deadlock-timeout</c>: a worker whose interpreter lock cannot be taken for so long is replaced. 0: never. Default 300 s.
    /// </summary>
    public TimeSpan DeadlockTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary><c>home</c>: the command's working directory, a full path. Default: the configuration file's folder.</summary>
    public string? Home { get; init; }

    /// <summary><c>address</c> of an external group, or null: the front end chooses a Unix socket.</summary>
    public DaemonAddress? Address { get; init; }

    /// <summary>
    /// <c>response-flush-delay</c>, <c>response-buffer-size</c> and <c>response-flush-deadline</c>: when a response is flushed.
    /// </summary>
    public FlushPolicy FlushPolicy { get; init; } = FlushPolicy.Default;

    /// <summary><c>connect-timeout</c>: budget for connecting to the group's socket. Default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><c>socket-timeout</c>: each single read or write between front end and daemon. Default 60 s.</summary>
    public TimeSpan SocketTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>response-socket-timeout</c>: each write to the client. Default (and 0): <see cref="SocketTimeout"/>.</summary>
    public TimeSpan ResponseSocketTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// <c>response-header-timeout</c>: the whole head of a response, interim responses (1xx) included, from its first byte; a daemon that
    /// sends it byte by byte keeps within each <see cref="SocketTimeout"/>. Default (and 0): <see cref="SocketTimeout"/>.
    /// </summary>
    public TimeSpan ResponseHeaderTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// <c>daemon-keepalive</c>: how long a connection to a worker may rest before it is closed instead of used again; 0: none is kept.
    /// Default 1.5 s, below the least of the usual servers, gunicorn's 2 s (uvicorn, Node and Apache: 5 s).
    /// </summary>
    public TimeSpan DaemonKeepalive { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// <c>keepalive-unrepeatable</c>: whether a request that may not be sent twice (RFC 9110, section 9.2.2: POST, PATCH, any with a body)
    /// goes on a kept connection, which the daemon may close in that very moment: then the client gets 502. Default off: it gets a
    /// connection of its own, at some 120 us. Our own workers never close first, and take all requests on kept connections.
    /// </summary>
    public bool KeepaliveUnrepeatable { get; init; }

    /// <summary>
    /// <c>response-spool</c>, bytes: how far a response is read ahead of a slow client, beyond <see cref="FlushPolicy.BufferSize"/> in
    /// memory, so that its worker is free for others; it lies in an unlinked file. 0 (default): the worker waits for the client.
    /// </summary>
    public long ResponseSpool { get; init; }

    /// <summary>
    /// <c>request-spool</c>, bytes: how much of a request's body is taken in before a worker is asked for; 256 KiB in memory, more in an
    /// unlinked file; what is longer is streamed after it. 0 (default): all of it is streamed.
    /// </summary>
    public long RequestSpool { get; init; }

    /// <summary><c>header-buffer-size</c>, bytes: longest response header line; longer is a 500. Default 32,768.</summary>
    public int HeaderBufferSize { get; init; } = 32_768;

    /// <summary>
    /// <c>startup-timeout</c>: a managed daemon that does not answer on its socket by then is replaced. 0: no limit. Default 0.
    /// </summary>
    public TimeSpan StartupTimeout { get; init; } = TimeSpan.Zero;

    /// <summary><c>shutdown-timeout</c>: a managed daemon that has not ended by then is killed. Default 5 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>processes</c>: workers of a managed group, 1 to 256. Default 1.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>
    /// <c>threads</c>: requests that a worker is given at a time. 0: any number, and it queues for itself. Default 15 for an application,
    /// else 0.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// <c>listen-backlog</c>: requests that wait in the front end for a worker; those beyond get a 503 after connect-timeout. Default 100.
    /// </summary>
    public int ListenBacklog { get; init; } = 100;

    /// <summary>
    /// <c>queue-timeout</c>: a request that has waited for a worker for so long is dropped unrun, with 504. 0: off. Default 0.
    /// </summary>
    public TimeSpan QueueTimeout { get; init; }

    /// <summary><c>send-buffer-size</c>, bytes, of the sockets to the daemon; 0: the system's. Default 0.</summary>
    public long SendBufferSize { get; init; }

    /// <summary><c>receive-buffer-size</c>, bytes, of the sockets to the daemon; 0: the system's. Default 0.</summary>
    public long ReceiveBufferSize { get; init; }

    /// <summary><c>maximum-requests</c>: a worker that has had so many is replaced. 0: off. Default 0.</summary>
    public long MaximumRequests { get; init; }

    /// <summary><c>restart-interval</c>: a worker that has run for so long is replaced. 0: off. Default 0.</summary>
    public TimeSpan RestartInterval { get; init; }

    /// <summary><c>cpu-time-limit</c>: a worker that has used so much processor time is replaced. 0: off. Default 0.</summary>
    public TimeSpan CpuTimeLimit { get; init; }

    /// <summary>
    /// <c>inactivity-timeout</c>: a worker that has had requests and then none for so long is replaced by a fresh one. 0: off. Default 0.
    /// </summary>
    public TimeSpan InactivityTimeout { get; init; }

    /// <summary>
    /// <c>health-check-paths</c>: paths, as the client sends them, whose requests are none for <see cref="InactivityTimeout"/>. Default:
    /// none.
    /// </summary>
    public IReadOnlyList<string> HealthCheckPaths { get; init; } = [];

    /// <summary>
    /// <c>graceful-timeout</c>: a worker that is replaced finishes the requests it has, for at most so long, before it is asked to end.
    /// Default 0.
    /// </summary>
    public TimeSpan GracefulTimeout { get; init; }

    /// <summary><c>eviction-timeout</c>: the same for an operator's restart. Default: <see cref="GracefulTimeout"/>.</summary>
    public TimeSpan? EvictionTimeout { get; init; }

    /// <summary>How a managed group's processes are run: their user, limits and environment.</summary>
    public ProcessIdentity Identity { get; init; } = new();
}
