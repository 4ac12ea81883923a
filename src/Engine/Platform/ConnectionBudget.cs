namespace DaemonProxy.Platform;

/// <summary>
/// The number of connections, to clients and daemons together, and spool files that the front end may have open within the system's limit
/// on open files. A process that uses its last descriptor for a connection has none left for a log, a worker's pipes, the control socket,
/// or the runtime itself, which then ends the process. Some descriptors are therefore kept in reserve, clients get at most half of the
/// rest, and daemons get what clients leave.
/// </summary>
public sealed class ConnectionBudget
{
    /// <summary>
    /// Reserved for the files a front end opens besides connections: logs, the control socket and its callers, probes of daemons, the
    /// certificate.
    /// </summary>
    private const int OwnFiles = 24;

    /// <summary>
    /// Reserved for assemblies. Each is a file that stays open, and a runtime with a compiler loads it when something first needs it.
    /// </summary>
    private const int LaterAssemblies = 80;

    /// <summary>A worker's pipes and those of its successor, because both run during a handover.</summary>
    private const int FilesOfWorker = 8;

    private const int FewestConnections = 8;

    /// <summary>A quarter of what the system lets the pipes of a user hold, if each holds 256 KiB (pipe-user-pages-soft).</summary>
    private const int MostPipes = 64;

    private readonly long _most;
    private long _open;
    private int _pipes;

    /// <summary>Creates a budget.</summary>
    /// <param name="most">Total number of connections; null: as many as the system allows.</param>
    public ConnectionBudget(long? most) => _most = most ?? long.MaxValue;

    /// <summary>The budget of this process.</summary>
    /// <param name="workers">Processes that the front end starts and watches.</param>
    /// <exception cref="OpenFileLimitException">The system's limit is too low to serve anything.</exception>
    public static ConnectionBudget OfProcess(int workers)
    {
        if (OpenFiles.Limit() is not { } limit || OpenFiles.Count() is not { } open) return new(null);
        var reserve = open + OwnFiles + (System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeCompiled ? LaterAssemblies : 0)
            + (FilesOfWorker * workers);
        if (limit - reserve < FewestConnections) throw new OpenFileLimitException(limit, reserve + FewestConnections);
        return new(limit - reserve);
    }

    /// <summary>
    /// Asks for idle connections to be closed, because there is no room for a new one. Raised on any thread; handlers must not block.
    /// </summary>
    public event Action? Short;

    /// <summary>Total number of connections; null: no limit.</summary>
    public long? Most => _most == long.MaxValue ? null : _most;

    /// <summary>The share of clients: half, because each may need a connection to a daemon. Null: no limit.</summary>
    public long? MostOfClients => Most / 2;

    /// <summary>The number of open connections.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Takes one connection; false when none is left, even after idle ones have been closed.</summary>
    public bool TryTake()
    {
        if (Take()) return true;
        Short?.Invoke();
        return Take();
    }

    /// <summary>
    /// Takes the two descriptors of a pipe, which only saves work: while a quarter is free, and for <see cref="MostPipes"/> pipes at most.
    /// </summary>
    public bool TryTakePipe()
    {
        var isFew = Interlocked.Increment(ref _pipes) <= MostPipes;
        if (Interlocked.Add(ref _open, 2) <= _most - (_most / 4) && isFew) return true;
        ReturnPipe();
        return false;
    }

    /// <summary>Gives the descriptors of a pipe back.</summary>
    public void ReturnPipe()
    {
        Interlocked.Decrement(ref _pipes);
        Interlocked.Add(ref _open, -2);
    }

    private bool Take()
    {
        if (Interlocked.Increment(ref _open) <= _most) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    /// <summary>Gives one connection back.</summary>
    public void Return() => Interlocked.Decrement(ref _open);
}

/// <summary>The system's limit on open files is too low to serve.</summary>
/// <param name="limit">The limit.</param>
/// <param name="least">The smallest sufficient limit.</param>
public sealed class OpenFileLimitException(long limit, long least) : Exception(
    $"the limit on open files is {limit}, and this front end needs at least {least}: raise it ('ulimit -n {Math.Max(1024, least)}' in the "
        + "shell that starts it, "
    + "LimitNOFILE in its systemd unit)");
