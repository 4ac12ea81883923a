using System.ComponentModel;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>
/// Keeps one worker of a managed group running: starts it, starts another when it ends, as soon as <see cref="BackOff"/> allows, and
/// replaces it according to the rules. A replacement listens before its predecessor is closed, so that recycling never removes the last
/// worker.
/// </summary>
internal sealed class WorkerSupervisor : IAsyncDisposable
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
    private volatile TaskCompletionSource<RestartReason> _asked = NewQuestion();
    private Task _run = Task.CompletedTask;
    private string? _lastFailure;
    private long _lastFailureLogged;
    private volatile Running? _current;

    public WorkerSupervisor(GroupSupervisor group, TimeProvider time)
    {
        _group = group;
        _time = time;
        _backOff = group.BackOff.NewSlot();
    }

    public DaemonState State { get; private set; } = DaemonState.Starting;

    /// <summary>The process that serves, and its place in the queue; null while there is none.</summary>
    public Running? Current => _current;

    /// <summary>
    /// Completes when the worker listens for the first time; fails with <see cref="DaemonStartException"/> when its first start fails.
    /// </summary>
    public Task FirstReady => _firstReady.Task;

    private DaemonGroupOptions Options => _group.Options;

    /// <summary>A process and its place in the queue.</summary>
    public sealed record Running(IWorkerProcess Process, DaemonWorker Worker, int ScriptVersion);

    public void Start() => _run = RunAsync();

    /// <summary>Has the worker replaced; completes when the new worker listens and the old one is given no more requests.</summary>
    public Task ReplaceAsync(RestartReason reason)
    {
        var asked = _asked;
        asked.TrySetResult(reason);
        return ReplacedAsync(asked);
    }

    /// <summary>Checks whether the rules call for replacing the worker.</summary>
    public void Check(Running running)
    {
        var (process, worker, _) = running;
        var reason = RecycleRules.Meets(Options, worker.Requests, worker.Active, _time.GetElapsedTime(process.Start),
            worker.IsUsed ? _time.GetElapsedTime(worker.LastUse) : TimeSpan.Zero, () => process.ProcessorTime);
        if (reason is { } met && _current == running) _asked.TrySetResult(met);
    }

    private async Task ReplacedAsync(TaskCompletionSource<RestartReason> asked)
    {
        while (_asked == asked && !_stop.IsCancellationRequested)
            await Task.Delay(DrainPoll, _time, CancellationToken.None).ConfigureAwait(false);
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
            State = DaemonState.Stopped;
            await Task.WhenAll(_retiring).ConfigureAwait(false);
        }
    }

    /// <summary>Starts a process and waits until it listens; null when it failed to and the pause has passed.</summary>
    private async Task<Running?> LaunchAsync()
    {
        if (_current is null) State = DaemonState.Starting;
        // An application that cannot be loaded is detected at the start, and never replaces one that works. After a crash, or when a
        // group's first start has failed, there is nothing to keep: requests are then told the reason until the application can be loaded.
        var requireLoad = !_firstReady.Task.IsCompleted || _current?.ScriptVersion == _group.ScriptVersion;
        var script = _group.ScriptVersion;
        IWorkerProcess process;
        _backOff.Starts();
        try
        {
            process = await _group.Launch(_group.NextCommand(requireLoad), HandleEvent).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or UnauthorizedAccessException)
        {
            var refusal = new DaemonStartException($"daemon group '{Options.Name}': cannot start '{_group.Program}': {failure.Message}");
            await FailedAsync(refusal, EventCatalogue.DaemonNotStarted, refusal.Message).ConfigureAwait(false);
            return null;
        }
        _group.Log(EventCatalogue.DaemonStarted, "", ("pid", process.Id));
        bool listens;
        try
        {
            listens = await process.BecomesReadyAsync(Options.StartupTimeout, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await process.EndAsync(Options.ShutdownTimeout).ConfigureAwait(false);
            throw;
        }
        if (listens && script != _group.ScriptVersion)
        {
            await process.EndAsync(Options.ShutdownTimeout).ConfigureAwait(false);
            return null;
        }
        if (listens)
        {
            var death = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            var worker = new DaemonWorker(Options, new DaemonAddress(process.Address, null, 0), _group.Capacity, _time, _group.Budget)
            {
                Death = death,
            };
            return new(process, worker, script);
        }

        var ended = process.Ended.IsCompleted;
        var code = ended ? process.ExitCode : 0;
        await process.EndAsync(ended ? TimeSpan.Zero : Options.ShutdownTimeout).ConfigureAwait(false);
        var lastWords = process.LastLine is { } line ? $"; the last it wrote: {line}" : "";
        _group.Count(ended ? RestartReason.Crash : RestartReason.StartupTimeout);
        if (ended)
        {
            await FailedAsync(
                new DaemonStartException(
                    $"daemon group '{Options.Name}': '{_group.Program}' ended with exit code {code} before it listened on "
                    + $"{process.Socket}{lastWords}"),
                EventCatalogue.DaemonEnded, $"exit code {code} before it listened{lastWords}").ConfigureAwait(false);
        }
        else
        {
            var late = $"not listening at {process.Socket} after {Options.StartupTimeout.TotalSeconds:0.###} s{lastWords}";
            await FailedAsync(
                new DaemonStartException(
                $"daemon group '{Options.Name}': '{_group.Program}': {late}; raise startup-timeout if it just needs longer"),
                EventCatalogue.DaemonNotReady, late).ConfigureAwait(false);
        }
        return null;
    }

    private void HandleEvent(IWorkerProcess process, string line)
    {
        if (_group.Quote(line) is not { AsksFor: { } reason }) return;
        if (reason == RestartReason.RequestTimeout) process.StuckRequests++;
        if (_current?.Process == process) _asked.TrySetResult(reason);
    }

    private async Task FailedAsync(DaemonStartException refusal, EventDefinition definition, string message)
    {
        // The front end decides whether its own start fails, too; this supervisor tries again.
        _firstReady.TrySetException(refusal);
        _backOff.Failed();
        // A group that cannot start at all is retried every second, but need not log the same message every second.
        if (message != _lastFailure || _time.GetElapsedTime(_lastFailureLogged) >= BackOff.PauseAfter(_backOff.Failures))
        {
            (_lastFailure, _lastFailureLogged) = (message, _time.GetTimestamp());
            _group.Log(definition, $"{message}; it is tried again in {_backOff.Left.TotalSeconds:0.0} s");
        }
        await PauseAsync().ConfigureAwait(false);
    }

    private async Task PauseAsync()
    {
        if (_current is null) State = DaemonState.BackingOff;
        await _backOff.WaitAsync(_stop.Token).ConfigureAwait(false);
    }

    private void TakeOver(Running next)
    {
        var previous = _current;
        _current = next;
        State = DaemonState.Ready;
        _lastFailure = null;
        _group.Queue.Open(next.Worker);
        _backOff.Listened();
        // Ensures that no request goes to a dead worker, whatever the supervisor is busy with.
        _ = next.Process.Ended.ContinueWith(
            _ => _group.Queue.Bury(next.Worker), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        _firstReady.TrySetResult();
        if (previous is null) return;
        var reason = _asked.Task.Result;
        _group.Count(reason);
        _group.Log(EventCatalogue.DaemonReplaced, $"{reason}: process {previous.Process.Id} by {next.Process.Id}", ("reason", reason),
            ("pid", next.Process.Id));
        _group.Queue.Close(previous.Worker);
        _asked = NewQuestion();
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
        while (!current.Process.Ended.IsCompleted && !_asked.Task.IsCompleted)
        {
            var look = byTime ? Task.Delay(Look, _time, _stop.Token) : stopped;
            await Task.WhenAny(current.Process.Ended, _asked.Task, look, stopped).ConfigureAwait(false);
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
        _asked = NewQuestion();
        _group.Count(RestartReason.Crash);
        _group.Log(EventCatalogue.DaemonEnded,
            $"exit code {code} after {lived.TotalSeconds:0.0} s; another is started in {_backOff.Left.TotalSeconds:0.0} s",
            ("exitCode", code));
        await PauseAsync().ConfigureAwait(false);
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

    private static TaskCompletionSource<RestartReason> NewQuestion() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Stops the worker: asks it to end, and kills it after shutdown-timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _firstReady.TrySetCanceled();
        _stop.Dispose();
    }
}
