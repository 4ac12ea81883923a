using System.ComponentModel;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>The start of a worker's process, until it serves or has failed.</summary>
internal sealed partial class WorkerSupervisor
{
    /// <summary>
    /// Starts a process and waits until it listens and is healthy; null when it failed to and the pause has passed.
    /// </summary>
    private async Task<Running?> LaunchAsync()
    {
        if (_current is null) _state = DaemonState.Starting;
        var asked = _asked;
        _obstacle = null;
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
            await FailedAsync(refusal, EventCatalogue.DaemonNotStarted, refusal.Message, asked).ConfigureAwait(false);
            return null;
        }
        _starting = process;
        _group.Log(EventCatalogue.DaemonStarted, "", ("pid", process.Id));
        Running? running = null;
        bool listens;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, asked.Withdrawn.Token);
            listens = await process.BecomesReadyAsync(Options.StartupTimeout, either.Token).ConfigureAwait(false);
            if (listens && script == _group.ScriptVersion)
            {
                running = CreateRunning(process, script);
                if (await BecomesHealthyAsync(running, either.Token).ConfigureAwait(false)) return running;
            }
        }
        catch (OperationCanceledException)
        {
            running?.Worker.Dispose();
            await process.EndAsync(Options.ShutdownTimeout).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            GiveUp(asked,
                new DaemonStartException($"daemon group '{Options.Name}': the restart was withdrawn before the new worker served"));
            return null;
        }
        running?.Worker.Dispose();
        if (listens && script != _group.ScriptVersion)
        {
            await process.EndAsync(Options.ShutdownTimeout).ConfigureAwait(false);
            return null;
        }
        await ReportFailureAsync(process, asked, running?.Health?.LastFailure).ConfigureAwait(false);
        return null;
    }

    private Running CreateRunning(IWorkerProcess process, int script)
    {
        var worker = new DaemonWorker(Options, new DaemonAddress(process.Address, null, 0), _group.Capacity, _time, _group.Budget)
        {
            Death = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously),
        };
        return new(process, worker, script, Options.HealthCheck is { } check ? new HealthRecord(check) : null);
    }

    /// <summary>
    /// Checks a new process until it is healthy. It is asked more often at first than it is later, because requests may be waiting for it.
    /// </summary>
    /// <returns>False when the process has ended, its script has changed, or startup-timeout has passed.</returns>
    private async Task<bool> BecomesHealthyAsync(Running running, CancellationToken stop)
    {
        if (running.Health is not { } health) return true;
        var pause = HealthRecord.FirstPause;
        while (!running.Process.Ended.IsCompleted && running.ScriptVersion == _group.ScriptVersion)
        {
            health.Count(await _group.Probe!(running.Worker, stop).ConfigureAwait(false));
            if (health.IsHealthy) return !running.Process.Ended.IsCompleted;
            _obstacle = health.LastFailure;
            if (Options.StartupTimeout > TimeSpan.Zero && _time.GetElapsedTime(running.Process.Start) > Options.StartupTimeout)
                return false;
            await Task.WhenAny(running.Process.Ended, Task.Delay(pause, _time, stop)).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
            pause = health.After(pause);
        }
        return false;
    }

    /// <summary>Reports a process that does not serve, ends it, and waits until another may be started.</summary>
    private async Task ReportFailureAsync(IWorkerProcess process, Replacement asked, string? unhealthy)
    {
        var ended = process.Ended.IsCompleted;
        var code = ended ? process.ExitCode : 0;
        await process.EndAsync(ended ? TimeSpan.Zero : Options.ShutdownTimeout).ConfigureAwait(false);
        var lastWords = process.LastLine is { } line ? $"; the last it wrote: {line}" : "";
        _group.Count(ended ? RestartReason.Crash : RestartReason.StartupTimeout);
        if (ended)
        {
            await FailedAsync(
                new DaemonStartException(
                    $"daemon group '{Options.Name}': '{_group.Program}' ended with exit code {code} before it served{lastWords}"),
                EventCatalogue.DaemonEnded, $"exit code {code} before it served{lastWords}", asked).ConfigureAwait(false);
        }
        else
        {
            var late = unhealthy is null
                ? $"not listening at {process.Socket} after {Options.StartupTimeout.TotalSeconds:0.###} s{lastWords}"
                : $"not healthy after {Options.StartupTimeout.TotalSeconds:0.###} s: {unhealthy}{lastWords}";
            await FailedAsync(
                new DaemonStartException(
                $"daemon group '{Options.Name}': '{_group.Program}': {late}; raise startup-timeout if it just needs longer"),
                EventCatalogue.DaemonNotReady, late, asked).ConfigureAwait(false);
        }
    }

    /// <summary>Whether there is a worker that may go on serving.</summary>
    private bool IsCurrentGood =>
        _current is { } current && current.ScriptVersion == _group.ScriptVersion && current.Health?.IsHealthy != false;

    /// <summary>Ends an attempt to replace the worker. One that is no good is to be replaced all the same.</summary>
    private void GiveUp(Replacement asked, DaemonStartException refusal)
    {
        var next = new Replacement();
        if (_current is { } current && !IsCurrentGood)
            next.Ask(current.ScriptVersion == _group.ScriptVersion ? RestartReason.Unhealthy : RestartReason.ScriptChange);
        _asked = next;
        asked.Fail(refusal);
    }

    private async Task FailedAsync(DaemonStartException refusal, EventDefinition definition, string message, Replacement asked)
    {
        if (asked.EndsByFailure && IsCurrentGood)
        {
            _group.Log(definition, $"{message}; the worker that was to be replaced stays");
            GiveUp(asked, refusal);
            return;
        }
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
        if (_current is null) _state = DaemonState.BackingOff;
        await _backOff.WaitAsync(_stop.Token).ConfigureAwait(false);
    }
}
