namespace DaemonProxy.Daemons;

/// <summary>Starts a process of a managed group.</summary>
/// <param name="command">What to run.</param>
/// <param name="output">Receives each line written by the process, or by a child that inherited its output, even after the process has
/// ended.</param>
/// <exception cref="System.ComponentModel.Win32Exception">The program does not exist or may not be run.</exception>
/// <exception cref="IOException">A stale socket is in the way and cannot be removed.</exception>
internal delegate Task<IWorkerProcess> WorkerStart(DaemonCommand command, Action<IWorkerProcess, string> output);

/// <summary>One process of a managed group, as its supervisor sees it.</summary>
internal interface IWorkerProcess
{
    int Id { get; }

    /// <summary>Full path of the socket that the process must listen on.</summary>
    string Socket { get; }

    /// <summary>Full path of the name of that socket which the front end connects to.</summary>
    string Address => Socket;

    /// <summary>When it was started, as a timestamp of the clock.</summary>
    long Start { get; }

    /// <summary>When it was started.</summary>
    DateTimeOffset StartTime { get; }

    /// <summary>Completes when the process has ended, even if another process still holds its output.</summary>
    Task Ended { get; }

    /// <summary>Its exit code, once it has ended.</summary>
    int ExitCode { get; }

    /// <summary>The number of its requests that the process has reported as stuck; they will not end by themselves.</summary>
    int StuckRequests { get; set; }

    /// <summary>The line of its output that best says why it ended, see <see cref="LastWords"/>; null: it wrote nothing.</summary>
    string? LastLine { get; }

    /// <summary>The processor time used so far, excluding that of its children.</summary>
    TimeSpan ProcessorTime { get; }

    /// <summary>Waits until the process accepts a connection.</summary>
    /// <param name="limit">The longest wait; 0: unlimited.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>False when the process ended, or the limit passed, before it accepted one.</returns>
    Task<bool> BecomesReadyAsync(TimeSpan limit, CancellationToken stop);

    /// <summary>Asks the process to end, kills it if it has not ended in time, and removes its socket.</summary>
    /// <param name="limit">How long the process has to end; 0: it is killed at once.</param>
    /// <returns>Whether it ended by itself.</returns>
    Task<bool> EndAsync(TimeSpan limit);
}
