using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>The processes of a managed daemon group: one <see cref="WorkerSupervisor"/> for each of <c>processes</c>.</summary>
public sealed class GroupSupervisor : IAsyncDisposable
{
    private readonly WorkerSupervisor[] _workers;
    private readonly Func<bool, DaemonCommand> _nextCommand;
    private readonly EventLog _log;
    private int _scriptVersion;

    /// <summary>Makes the supervisor; nothing runs yet.</summary>
    /// <param name="group">The group, whose queue gets the workers as they listen.</param>
    /// <param name="program">The program, as it is named in messages.</param>
    /// <param name="nextCommand">The command of the next process, on a socket of its own; told whether it must be able to load its
    /// application.</param>
    /// <param name="launcher">Starts the processes.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="time">The clock.</param>
    public GroupSupervisor(
        DaemonGroup group, string program, Func<bool, DaemonCommand> nextCommand, DaemonLauncher launcher, EventLog log, TimeProvider time)
        : this(group, program, nextCommand,
        async (command, output) => await WorkerProcess.StartAsync(command, launcher, output, time).ConfigureAwait(false), log, time)
    {
    }

    /// <summary>Makes the supervisor of processes that are started in some way.</summary>
    internal GroupSupervisor(
        DaemonGroup group, string program, Func<bool, DaemonCommand> nextCommand, WorkerStart launch, EventLog log, TimeProvider time)
    {
        Options = group.Options;
        Queue = group.Queue;
        Budget = group.Budget;
        Restarts = group.Statistics.Restarts;
        Program = program;
        Launch = launch;
        BackOff = new BackOff(Queue, time);
        _nextCommand = nextCommand;
        _log = log;
        _workers = [.. Enumerable.Range(0, Options.Processes).Select(_ => new WorkerSupervisor(this, time))];
        if (Options is { Source: DaemonSource.Application, ScriptReloading: true, Application: { } script }
            && !ApplicationTarget.IsModule(script))
            group.BeforeRequest = new ScriptWatch(script, time, ReloadScript).CheckScript;
        if (Options.MaximumRequests > 0) Queue.Released = CheckReleased;
    }

    /// <summary>
    /// Completes when every worker listens; fails with <see cref="DaemonStartException"/> when one ended before it ever did.
    /// </summary>
    public Task FirstReady => Task.WhenAll(_workers.Select(worker => worker.FirstReady));

    /// <summary>
    /// Whether a group whose start failed may have come round: a worker listens that has another script, or is a server of its own.
    /// </summary>
    public bool HasRecovered =>
        _workers.Any(worker => worker.Current is { } running && (running.ScriptVersion > 0 || Options.Source != DaemonSource.Application));

    /// <summary>The group's state: ready while any worker is.</summary>
    public DaemonState State
    {
        get
        {
            var states = _workers.Select(worker => worker.State).ToArray();
            return states.Contains(DaemonState.Ready) ? DaemonState.Ready
                : states.Contains(DaemonState.Starting) ? DaemonState.Starting
                : states.Contains(DaemonState.BackingOff) ? DaemonState.BackingOff
                : DaemonState.Stopped;
        }
    }

    /// <summary>The workers as they are now.</summary>
    public IReadOnlyList<WorkerStatus> Workers =>
    [
        .. _workers.Select(worker => worker.Current is { } running
            ? new WorkerStatus(worker.State, running.Process.Id, running.Process.StartTime, running.Worker.Active, running.Worker.Requests)
            : new WorkerStatus(worker.State, null, null, 0, 0)),
    ];

    /// <summary>How often a worker was started again.</summary>
    public RestartCounter Restarts { get; }

    /// <summary>Grows with each change of the script: a worker that was started before it has loaded what is no longer wanted.</summary>
    internal int ScriptVersion => Volatile.Read(ref _scriptVersion);

    /// <summary>
    /// No request may meet the old script: its workers are closed at once, and requests wait for those that replace them.
    /// </summary>
    private void ReloadScript()
    {
        Interlocked.Increment(ref _scriptVersion);
        Log(EventCatalogue.ScriptChanged, Options.Application!);
        foreach (var worker in _workers)
        {
            if (worker.Current is { } running) Queue.Close(running.Worker);
            _ = worker.ReplaceAsync(RestartReason.ScriptChange);
        }
    }

    /// <summary>The group's configuration.</summary>
    public DaemonGroupOptions Options { get; }

    internal WorkerQueue Queue { get; }

    /// <summary>Where the workers' connections are counted.</summary>
    internal ConnectionBudget Budget { get; }

    internal WorkerStart Launch { get; }

    internal BackOff BackOff { get; }

    internal string Program { get; }

    internal int Capacity => Options.Threads > 0 ? Options.Threads : DaemonWorker.Unlimited;

    /// <summary>Starts the workers, and their supervision.</summary>
    public void Start()
    {
        foreach (var worker in _workers) worker.Start();
    }

    /// <summary>Replaces all workers, each by one that listens before it is closed.</summary>
    /// <returns>Completes when all new ones listen.</returns>
    public Task RestartAsync() => Task.WhenAll(_workers.Select(worker => worker.ReplaceAsync(RestartReason.Operator)));

    internal DaemonCommand NextCommand(bool requireLoad) => _nextCommand(requireLoad);

    internal void Count(RestartReason reason) => Restarts.Count(reason);

    /// <summary>Logs a line that a worker wrote.</summary>
    /// <returns>The event in it; null when it is a line like any other.</returns>
    internal WorkerEvent? Quote(string line)
    {
        var written = WorkerEvent.Parse(line);
        if (written is not null) Log(written.Definition, written.Text, ("method", written.Method), ("path", written.Path));
        else Log(EventCatalogue.DaemonOutput, line.Length > 4096 ? line[..4096] : line);
        return written;
    }

    internal void Log(EventDefinition definition, string message, params ReadOnlySpan<(string Name, object? Value)> properties) =>
        _log.Write(definition, message, [("daemon", Options.Name), .. properties]);

    private void CheckReleased(DaemonWorker released)
    {
        foreach (var worker in _workers)
        {
            if (worker.Current is { } running && running.Worker == released) worker.Check(running);
        }
    }

    /// <summary>Stops the workers: asks them to end, and kills them after shutdown-timeout.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask())).ConfigureAwait(false);
}

/// <summary>A managed daemon could not be started; the message says which and why.</summary>
public sealed class DaemonStartException(string message) : Exception(message);
