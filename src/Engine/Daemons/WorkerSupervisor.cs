using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>
/// Keeps one worker of a managed group running: starts it, starts another when it ends, as soon as <see cref="BackOff"/> allows, and
/// replaces it according to the rules. A replacement serves before its predecessor is closed, so that recycling never removes the last
/// worker; one that fails its health check is closed at once.
/// </summary>
internal sealed partial class WorkerSupervisor : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(20);

    // A request given to the worker at the moment of its closing is still on its way, even if graceful-timeout is 0.
    private static readonly TimeSpan ShortestGrace = TimeSpan.FromSeconds(1);

    private readonly GroupSupervisor _group;
    private readonly TimeProvider _time;
    private readonly BackOff.Slot _backOff;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _retiring = [];
    private volatile Replacement _asked = new();
    private Task _run = Task.CompletedTask;
    private DaemonState _state = DaemonState.Starting;
    private volatile string? _obstacle;
    private volatile IWorkerProcess? _starting;
    private string? _lastFailure;
    private long _lastFailureLogged;
    private volatile Running? _current;

    public WorkerSupervisor(GroupSupervisor group, TimeProvider time)
    {
        _group = group;
        _time = time;
        _backOff = group.BackOff.NewSlot();
    }

    public DaemonState State => _current is { Health.IsHealthy: false } ? DaemonState.Unhealthy : _state;

    /// <summary>
    /// Why the process that is being started, or the one that is there, gets no requests; null: none, or nothing is known.
    /// </summary>
    public string? Obstacle => _current?.Health is { IsHealthy: false, LastFailure: { } failure } ? failure : _obstacle;

    /// <summary>The process that serves, and its place in the queue; null while there is none.</summary>
    public Running? Current => _current;

    /// <summary>
    /// The line of the starting process's output that best says what keeps it; null: nothing was written, or none starts.
    /// </summary>
    public string? LastLine => _starting?.LastLine;

    /// <summary>
    /// Completes when the worker serves for the first time; fails with <see cref="DaemonStartException"/> when its first start fails.
    /// </summary>
    public Task FirstReady => _firstReady.Task;

    private DaemonGroupOptions Options => _group.Options;

    /// <summary>A process, its place in the queue, and its health; null: it is not checked.</summary>
    public sealed record Running(IWorkerProcess Process, DaemonWorker Worker, int ScriptVersion, HealthRecord? Health);

    public void Start() => _run = RunAsync();

    /// <summary>Has the worker replaced; completes when the new worker serves and the old one is given no more requests.</summary>
    /// <param name="reason">Why. For <see cref="RestartReason.Operator"/> there is one attempt; for others as many as it takes.</param>
    /// <param name="stop">Withdraws the request: the old worker stays.</param>
    /// <exception cref="DaemonStartException">The new worker does not serve, and the old one stays.</exception>
    public async Task ReplaceAsync(RestartReason reason, CancellationToken stop = default)
    {
        var asked = _asked;
        asked.Ask(reason);
        try
        {
            await asked.Done.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await asked.Withdrawn.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Checks whether the rules call for replacing the worker.</summary>
    public void Check(Running running)
    {
        var (process, worker, _, _) = running;
        var reason = RecycleRules.Meets(Options, worker.Requests, worker.Active, _time.GetElapsedTime(process.Start),
            worker.IsUsed ? _time.GetElapsedTime(worker.LastUse) : TimeSpan.Zero, () => process.ProcessorTime);
        if (reason is { } met && _current == running) _asked.Ask(met);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (await LaunchAsync().ConfigureAwait(false) is { } next) TakeOver(next);
                if (_current is { } current) await WatchAsync(current).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            if (_current is { } last) await EndAsync(last).ConfigureAwait(false);
            _current = null;
            _state = DaemonState.Stopped;
            _asked.End();
            await Task.WhenAll(_retiring).ConfigureAwait(false);
        }
    }

    private void HandleEvent(IWorkerProcess process, string line)
    {
        if (_group.Quote(line) is not { AsksFor: { } reason }) return;
        if (reason == RestartReason.RequestTimeout) process.StuckRequests++;
        if (_current?.Process == process) _asked.Ask(reason);
    }

    private void TakeOver(Running next)
    {
        var previous = _current;
        _current = next;
        _state = DaemonState.Ready;
        (_lastFailure, _obstacle, _starting) = (null, null, null);
        _group.Queue.Open(next.Worker);
        _backOff.Listened();
        // Ensures that no request goes to a dead worker, whatever the supervisor is busy with.
        _ = next.Process.Ended.ContinueWith(
            _ => _group.Queue.Bury(next.Worker), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        _firstReady.TrySetResult();
        if (next.Health is not null) Retire(WatchHealthAsync(next));
        if (previous is null) return;
        var replaced = _asked;
        var reason = replaced.Asked.Result;
        _group.Count(reason);
        _group.Log(EventCatalogue.DaemonReplaced, $"{reason}: process {previous.Process.Id} by {next.Process.Id}", ("reason", reason),
            ("pid", next.Process.Id));
        _group.Queue.Close(previous.Worker);
        _asked = new();
        replaced.End();
        Retire(RetireAsync(
            previous, reason == RestartReason.Operator ? Options.EvictionTimeout ?? Options.GracefulTimeout : Options.GracefulTimeout));
    }

    private void Retire(Task end)
    {
        _retiring.RemoveAll(task => task.IsCompletedSuccessfully);
        _retiring.Add(end);
    }

    /// <summary>Waits until the worker ends or has to be replaced.</summary>
    private async Task WatchAsync(Running current)
    {
        var byTime = RecycleRules.GoByTime(Options);
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
        while (!current.Process.Ended.IsCompleted && !_asked.Asked.IsCompleted)
        {
            var look = byTime ? Task.Delay(Look, _time, _stop.Token) : stopped;
            await Task.WhenAny(current.Process.Ended, _asked.Asked, look, stopped).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (byTime) Check(current);
        }
        if (!current.Process.Ended.IsCompleted) return;

        _current = null;
        var lived = _time.GetElapsedTime(current.Process.Start);
        var code = current.Process.ExitCode;
        // A child that still holds its output must not delay the successor.
        Retire(DropAsync(current, TimeSpan.Zero));
        // The restart satisfies whoever asked for a replacement.
        var satisfied = _asked;
        _asked = new();
        satisfied.End();
        _group.Count(RestartReason.Crash);
        _group.Log(EventCatalogue.DaemonEnded,
            $"exit code {code} after {lived.TotalSeconds:0.0} s; another is started in {_backOff.Left.TotalSeconds:0.0} s",
            ("exitCode", code));
        await PauseAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Checks a worker for as long as it is the one that serves. When it is unhealthy it gets no more requests, and is replaced.
    /// </summary>
    private async Task WatchHealthAsync(Running running)
    {
        var health = running.Health!;
        try
        {
            while (health.IsHealthy && _current == running && !running.Process.Ended.IsCompleted)
            {
                await Task.WhenAny(running.Process.Ended, Task.Delay(Options.HealthCheck!.Interval, _time, _stop.Token))
                    .ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                if (_current != running || running.Process.Ended.IsCompleted) return;
                if (!_group.Queue.TryTakeForCheck(running.Worker)) continue;
                try { health.Count(await _group.Probe!(running.Worker, _stop.Token).ConfigureAwait(false)); }
                finally { _group.Queue.ReleaseCheck(running.Worker); }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (health.IsHealthy || _current != running || running.Process.Ended.IsCompleted) return;
        _group.Log(EventCatalogue.WorkerUnhealthy, health.LastFailure!, ("pid", running.Process.Id));
        _group.Queue.Close(running.Worker);
        _asked.Ask(RestartReason.Unhealthy);
    }

    /// <summary>Lets a replaced worker finish its requests, except stuck ones, for at most the grace period, and then ends it.</summary>
    private async Task RetireAsync(Running previous, TimeSpan grace)
    {
        var start = _time.GetTimestamp();
        if (grace < ShortestGrace) grace = ShortestGrace;
        while (previous.Worker.Active > previous.Process.StuckRequests && _time.GetElapsedTime(start) < grace
            && !previous.Process.Ended.IsCompleted && !_stop.IsCancellationRequested)
            await Task.Delay(DrainPoll, _time, CancellationToken.None).ConfigureAwait(false);
        await EndAsync(previous).ConfigureAwait(false);
    }

    private async Task EndAsync(Running running)
    {
        _group.Queue.Close(running.Worker);
        var byItself = await DropAsync(running, Options.ShutdownTimeout).ConfigureAwait(false);
        _group.Log(EventCatalogue.DaemonStopped, byItself ? "" : $"killed after {Options.ShutdownTimeout.TotalSeconds:0.###} s",
            ("pid", running.Process.Id));
    }

    private static async Task<bool> DropAsync(Running running, TimeSpan limit)
    {
        // Idle connections would hold up a server that ends only once all connections are closed.
        running.Worker.Dispose();
        return await running.Process.EndAsync(limit).ConfigureAwait(false);
    }

    /// <summary>Stops the worker: asks it to end, and kills it after shutdown-timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _firstReady.TrySetCanceled();
        _stop.Dispose();
    }
}
