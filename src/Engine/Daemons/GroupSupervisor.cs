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

    /// <summary>Creates the supervisor without starting anything.</summary>
    /// <param name="group">The group; workers are added to its queue once they listen.</param>
    /// <param name="program">The program's name for messages.</param>
    /// <param name="nextCommand">Builds the command of the next process, with a socket of its own. The argument says whether the process
    /// ends when it cannot load its application.</param>
    /// <param name="launcher">Starts the processes.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="time">The clock.</param>
    public GroupSupervisor(
        DaemonGroup group, string program, Func<bool, DaemonCommand> nextCommand, DaemonLauncher launcher, EventLog log, TimeProvider time)
        : this(group, program, nextCommand,
        async (command, output) => await WorkerProcess.StartAsync(command, launcher, output, time).ConfigureAwait(false), log, time)
    {
    }

    /// <summary>Creates a supervisor that starts its processes through a delegate.</summary>
    internal GroupSupervisor(
        DaemonGroup group, string program, Func<bool, DaemonCommand> nextCommand, WorkerStart launch, EventLog log, TimeProvider time)
    {
        Options = group.Options;
        Queue = group.Queue;
        Budget = group.Budget;
        Probe = group.Probe;
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
    /// Completes when every worker has served for the first time; fails with <see cref="DaemonStartException"/> when the first start of
    /// one fails.
    /// </summary>
    public Task FirstReady => Task.WhenAll(_workers.Select(worker => worker.FirstReady));

    /// <summary>
    /// Whether a group whose start failed may have recovered: a worker is listening that either has loaded a changed script or is a server
    /// of its own.
    /// </summary>
    public bool HasRecovered =>
        _workers.Any(worker => worker.Current is { } running && (running.ScriptVersion > 0 || Options.Source != DaemonSource.Application));

    /// <summary>The state of the group: ready while any worker is ready.</summary>
    public DaemonState State
    {
        get
        {
            var states = _workers.Select(worker => worker.State).ToArray();
            return states.Contains(DaemonState.Ready) ? DaemonState.Ready
                : states.Contains(DaemonState.Unhealthy) ? DaemonState.Unhealthy
                : states.Contains(DaemonState.Starting) ? DaemonState.Starting
                : states.Contains(DaemonState.BackingOff) ? DaemonState.BackingOff
                : DaemonState.Stopped;
        }
    }

    /// <summary>Why a worker gets no requests, such as the answer to its health check; null: nothing is known.</summary>
    public string? Obstacle => _workers.Select(worker => worker.Obstacle).FirstOrDefault(obstacle => obstacle is not null);

    /// <summary>The line of a starting worker's output that best says what keeps it; null: nothing was written.</summary>
    public string? LastLine => _workers.Select(worker => worker.LastLine).FirstOrDefault(line => line is not null);

    /// <summary>The workers as they are now.</summary>
    public IReadOnlyList<WorkerStatus> Workers =>
    [
        .. _workers.Select(worker => worker.Current is { } running
            ? new WorkerStatus(
            $"{worker.State}", running.Process.Id, running.Process.StartTime, running.Worker.Active, running.Worker.Requests)
            : new WorkerStatus($"{worker.State}", null, null, 0, 0)),
    ];

    /// <summary>Counts the restarts of workers, by reason.</summary>
    public RestartCounter Restarts { get; }

    /// <summary>Increases with each change of the script: a worker started before the change has loaded outdated code.</summary>
    internal int ScriptVersion => Volatile.Read(ref _scriptVersion);

    /// <summary>Closes all workers at once, because no request may run the old script; requests wait for the replacements.</summary>
    private void ReloadScript()
    {
        Interlocked.Increment(ref _scriptVersion);
        Log(EventCatalogue.ScriptChanged, Options.Application!);
        foreach (var worker in _workers)
        {
            if (worker.Current is { } running) Queue.Close(running.Worker);
            _ = worker.ReplaceAsync(RestartReason.ScriptChange, CancellationToken.None);
        }
    }

    /// <summary>The group's configuration.</summary>
    public DaemonGroupOptions Options { get; }

    internal WorkerQueue Queue { get; }

    /// <summary>The budget that counts the workers' connections.</summary>
    internal ConnectionBudget Budget { get; }

    /// <summary>Makes the group's health checks; null: it has none.</summary>
    internal HealthProbe? Probe { get; }

    internal WorkerStart Launch { get; }

    internal BackOff BackOff { get; }

    internal string Program { get; }

    internal int Capacity => Options.Threads > 0 ? Options.Threads : DaemonWorker.Unlimited;

    /// <summary>Starts the workers and their supervision.</summary>
    public void Start()
    {
        foreach (var worker in _workers) worker.Start();
    }

    /// <summary>Replaces all workers. Each replacement serves before its predecessor is closed.</summary>
    /// <param name="stop">Withdraws the request: workers that have not been replaced by then stay.</param>
    /// <returns>A task that completes when all new workers serve.</returns>
    /// <exception cref="DaemonStartException">A new worker does not serve; the one that it was to replace stays.</exception>
    public Task RestartAsync(CancellationToken stop) =>
        Task.WhenAll(_workers.Select(worker => worker.ReplaceAsync(RestartReason.Operator, stop)));

    internal DaemonCommand NextCommand(bool requireLoad) => _nextCommand(requireLoad);

    internal void Count(RestartReason reason) => Restarts.Count(reason);

    /// <summary>Logs a line that a worker wrote.</summary>
    /// <returns>The event in the line; null when it is ordinary output.</returns>
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

    /// <summary>Stops the workers: asks them to end, and kills those still running after shutdown-timeout.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask())).ConfigureAwait(false);
}

/// <summary>A managed daemon could not be started; the message says which and why.</summary>
public sealed class DaemonStartException(string message) : Exception(message);
