namespace DaemonProxy.Daemons;

/// <summary>Starts a process of a managed group.</summary>
/// <param name="command">What to run.</param>
/// <param name="output">Gets each line that it, or a child that has its output, writes; also after its end.</param>
/// <exception cref="System.ComponentModel.Win32Exception">It is not there or may not be run.</exception>
/// <exception cref="IOException">A stale socket is in its way and cannot be removed.</exception>
internal delegate Task<IWorkerProcess> WorkerStart(DaemonCommand command, Action<IWorkerProcess, string> output);

/// <summary>One process of a managed group, as its supervisor sees it.</summary>
internal interface IWorkerProcess
{
    int Id { get; }

    /// <summary>Full path of the socket it is to listen on.</summary>
    string Socket { get; }

    /// <summary>When it was started, as a timestamp of the clock.</summary>
    long Start { get; }

    /// <summary>When it was started.</summary>
    DateTimeOffset StartTime { get; }

    /// <summary>Completes when the process has ended, whoever holds its output.</summary>
    Task Ended { get; }

    /// <summary>Its exit code, once it has ended.</summary>
    int ExitCode { get; }

    /// <summary>How many of its requests it has reported to be stuck: they will not end by themselves.</summary>
    int StuckRequests { get; set; }

    /// <summary>The last line it wrote that was not empty.</summary>
    string? LastLine { get; }

    /// <summary>Processor time it has used so far; its children's is not in it.</summary>
    TimeSpan ProcessorTime { get; }

    /// <summary>Waits until it takes a connection.</summary>
    /// <param name="limit">0: however long it takes.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>False when it ended, or the limit passed, before it did.</returns>
    Task<bool> BecomesReadyAsync(TimeSpan limit, CancellationToken stop);

    /// <summary>Asks it to end, kills it when it has not ended in time, and removes its socket.</summary>
    /// <param name="limit">0: killed at once.</param>
    /// <returns>Whether it ended by itself.</returns>
    Task<bool> EndAsync(TimeSpan limit);
}
