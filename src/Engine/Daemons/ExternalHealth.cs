using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// The health of one server that somebody else runs. It gets requests while it is healthy; while it is not, it is checked on, at the same
/// interval.
/// </summary>
internal sealed class ExternalHealth : IAsyncDisposable
{
    private readonly DaemonGroup _group;
    private readonly DaemonWorker _server;
    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly HealthRecord _record;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _run = Task.CompletedTask;

    /// <summary>Creates it without checking anything yet.</summary>
    /// <param name="group">A group with a health check.</param>
    /// <param name="server">One of its servers.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="time">The clock.</param>
    public ExternalHealth(DaemonGroup group, DaemonWorker server, EventLog log, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(group);
        (_group, _server, _log, _time, _record) = (group, server, log, time, new HealthRecord(group.Options.HealthCheck!));
    }

    /// <summary>Completes when the server is healthy for the first time; until then it is checked on.</summary>
    public Task FirstReady => _firstReady.Task;

    /// <summary>Ready while it gets requests.</summary>
    public DaemonState State => _record.IsHealthy ? DaemonState.Ready
        : _firstReady.Task.IsCompletedSuccessfully ? DaemonState.Unhealthy : DaemonState.Starting;

    /// <summary>What its last check showed, when it failed; otherwise null.</summary>
    public string? Obstacle => _record.LastFailure;

    /// <summary>The server with its state.</summary>
    public AddressStatus Status => new($"{_server.Address}", State.ToString(), Obstacle, _server.Active, _server.Requests);

    /// <summary>Starts to check.</summary>
    public void Start() => _run = RunAsync();

    private async Task RunAsync()
    {
        var interval = _group.Options.HealthCheck!.Interval;
        var pause = HealthRecord.FirstPause;
        try
        {
            while (true)
            {
                if (_record.Count(await _group.Probe!(_server, _stop.Token).ConfigureAwait(false))) Change();
                pause = _firstReady.Task.IsCompleted ? interval : _record.After(pause);
                await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private void Change()
    {
        (string, object?) group = ("daemon", _group.Options.Name);
        if (_record.IsHealthy)
        {
            _group.Queue.Open(_server);
            _log.Write(EventCatalogue.WorkerHealthy, $"{_server.Address}", group);
            _firstReady.TrySetResult();
        }
        else
        {
            _group.Queue.Close(_server);
            _log.Write(EventCatalogue.WorkerUnhealthy, $"{_server.Address}: {_record.LastFailure}", group);
        }
    }

    /// <summary>Stops checking.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _firstReady.TrySetCanceled();
        _stop.Dispose();
    }
}
