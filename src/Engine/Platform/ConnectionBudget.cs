namespace DaemonProxy.Platform;

/// <summary>
/// How many connections the front end may have open at a time, to clients and daemons together, and spool files, within the system's limit
/// on open files. A process that uses its last descriptor for a connection has none left for a log, a worker's pipes, the control socket,
/// or the runtime itself, which ends the process then. So some are kept in reserve, clients get at most half of the rest, and daemons what
/// clients leave.
/// </summary>
public sealed class ConnectionBudget
{
    /// <summary>
    /// Kept for what a front end opens beside connections: logs, the control socket and its callers, looking for daemons, the certificate.
    /// </summary>
    private const int OwnFiles = 24;

    /// <summary>
    /// Kept for assemblies, each a file that stays open, which a runtime with a compiler loads when something first needs them.
    /// </summary>
    private const int LaterAssemblies = 80;

    /// <summary>A worker's pipes, and those of its successor, for both run while one takes over.</summary>
    private const int FilesOfWorker = 8;

    private const int FewestConnections = 8;
    private readonly long _most;
    private long _open;

    /// <summary>Makes a budget.</summary>
    /// <param name="most">Connections in all; null: as many as the system gives.</param>
    public ConnectionBudget(long? most) => _most = most ?? long.MaxValue;

    /// <summary>The budget of this process.</summary>
    /// <param name="workers">Processes that it starts and watches.</param>
    /// <exception cref="OpenFileLimitException">The system's limit is too low to serve at all.</exception>
    public static ConnectionBudget OfProcess(int workers)
    {
        if (OpenFiles.Limit() is not { } limit || OpenFiles.Count() is not { } open) return new(null);
        var reserve = open + OwnFiles + (System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeCompiled ? LaterAssemblies : 0)
            + (FilesOfWorker * workers);
        if (limit - reserve < FewestConnections) throw new OpenFileLimitException(limit, reserve + FewestConnections);
        return new(limit - reserve);
    }

    /// <summary>
    /// Asked to close what is open and rests, because there is no room for what is wanted now. Called from any thread, must not block.
    /// </summary>
    public event Action? Short;

    /// <summary>Connections in all; null: no limit.</summary>
    public long? Most => _most == long.MaxValue ? null : _most;

    /// <summary>What clients may have of it: half, for each may need a connection to a daemon. Null: no limit.</summary>
    public long? MostOfClients => Most / 2;

    /// <summary>Connections that are open.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Takes one; false when there is none, even after what rests has been closed.</summary>
    public bool TryTake()
    {
        if (Take()) return true;
        Short?.Invoke();
        return Take();
    }

    private bool Take()
    {
        if (Interlocked.Increment(ref _open) <= _most) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    /// <summary>Gives one back.</summary>
    public void Return() => Interlocked.Decrement(ref _open);
}

/// <summary>The system's limit on open files is too low to serve.</summary>
/// <param name="limit">The limit.</param>
/// <param name="least">What is needed.</param>
public sealed class OpenFileLimitException(long limit, long least) : Exception(
    $"the limit on open files is {limit}, and this front end needs at least {least}: raise it ('ulimit -n {Math.Max(1024, least)}' in the "
        + "shell that starts it, "
    + "LimitNOFILE in its systemd unit)");
