using System.Collections.Concurrent;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace DaemonProxy.Tests.Daemons;

/// <summary>What becomes of the workers of a group by their health checks, by a fake clock, fake processes and fake answers.</summary>
public sealed class WorkerHealthTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentDictionary<string, bool> _ill = [];
    private readonly ConcurrentQueue<string> _checked = [];
    private readonly List<FakeProcess> _started = [];
    private readonly MemoryStream _log = new();
    private DaemonGroup _group = null!;
    private GroupSupervisor _supervisor = null!;
    private volatile bool _isNextIll;
    private volatile bool _endsAtOnce;

    private void Start(DaemonGroupOptions options)
    {
        _group = new DaemonGroup(
            options with { Name = "app", Source = DaemonSource.Command, Command = ["app"] }, _time, new GroupStatistics(),
            new ConnectionBudget(null))
        {
            Probe = (worker, _) =>
            {
                var socket = worker.Address.UnixSocket!;
                _checked.Enqueue(socket);
                return Task.FromResult(_ill.GetValueOrDefault(socket) ? new HealthAnswer(false, "it is ill") : new HealthAnswer(true, "fine"));
            },
        };
        _supervisor = new GroupSupervisor(
            _group, "app", _ => new DaemonCommand("app", ["app"], "/nowhere.sock", null, new Dictionary<string, string>()), (_, _) =>
        {
            lock (_started)
            {
                var process = new FakeProcess(_started.Count + 1, _time, !_endsAtOnce);
                _ill[process.Socket] = _isNextIll;
                _started.Add(process);
                return Task.FromResult<IWorkerProcess>(process);
            }
        }, EventLog.To(_log, _time), _time);
        _supervisor.Start();
    }

    private static DaemonGroupOptions Options(int unhealthyAfter = 3) => new()
    {
        Name = "",
        Source = DaemonSource.Command,
        HealthCheck = new HealthCheckOptions { Path = "/health", Interval = Interval, UnhealthyAfter = unhealthyAfter },
    };

    private int Started
    {
        get { lock (_started) return _started.Count; }
    }

    private string SocketOf(int process)
    {
        lock (_started) return _started[process - 1].Socket;
    }

    /// <summary>Waits on the real clock, and lets the fake one pass, until something holds.</summary>
    private async Task UntilAsync(Func<bool> holds, TimeSpan step = default)
    {
        for (var start = Stopwatch.StartNew(); !holds() && start.Elapsed < Limit;)
        {
            await Task.Delay(5);
            if (step > TimeSpan.Zero) _time.Advance(step);
        }
        Assert.True(holds());
    }

    private string Log() => Encoding.UTF8.GetString(_log.ToArray());

    /// <summary>Lets the checks of one interval be made.</summary>
    private async Task PassIntervalAsync()
    {
        var before = _checked.Count;
        await UntilAsync(() => _checked.Count > before, Interval / 4);
    }

    [Fact]
    public async Task New_worker_gets_requests_once_it_is_healthy()
    {
        _isNextIll = true;
        Start(Options());
        await UntilAsync(() => _checked.Count >= 3, TimeSpan.FromMilliseconds(50));
        Assert.Equal((DaemonState.Starting, false, false),
            (_supervisor.State, _group.Queue.HasWorkers, _supervisor.FirstReady.IsCompleted));
        Assert.Equal("it is ill", _supervisor.Obstacle);
        _ill[SocketOf(1)] = false;
        await UntilAsync(() => _group.Queue.HasWorkers, Interval);
        await _supervisor.FirstReady.WaitAsync(Limit);
        Assert.Equal((DaemonState.Ready, null, 1), (_supervisor.State, _supervisor.Obstacle, Started));
    }

    [Fact]
    public async Task New_worker_that_is_not_healthy_within_startup_timeout_has_failed_to_start()
    {
        _isNextIll = true;
        Start(Options() with { StartupTimeout = TimeSpan.FromSeconds(20) });
        await UntilAsync(() => _supervisor.FirstReady.IsFaulted, TimeSpan.FromSeconds(1));
        var refusal = await Assert.ThrowsAsync<DaemonStartException>(() => _supervisor.FirstReady);
        Assert.Contains("daemon group 'app': 'app': not healthy after 20 s: it is ill", refusal.Message);
        // Another is tried.
        await UntilAsync(() => Started >= 2, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Worker_is_replaced_after_the_threshold_and_not_before()
    {
        Start(Options());
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        _ill[SocketOf(1)] = true;
        await PassIntervalAsync();
        await PassIntervalAsync();
        Assert.Equal((1, true, null), (Started, _group.Queue.HasWorkers, _supervisor.Obstacle));
        Assert.DoesNotContain("DPXY0070", Log());
        await PassIntervalAsync();
        await UntilAsync(() => Started == 2 && _supervisor.State == DaemonState.Ready, TimeSpan.FromMilliseconds(20));
        Assert.Contains("DPXY0070", Log());
        Assert.Equal(1, _group.Statistics.Restarts[RestartReason.Unhealthy]);
        Assert.Equal(SocketOf(2), (await _group.Queue.TakeAsync(null, CancellationToken.None)).Address.UnixSocket);
    }

    [Fact]
    public async Task Unhealthy_worker_gets_no_requests_even_while_nothing_healthy_can_replace_it()
    {
        Start(Options(unhealthyAfter: 1));
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        _isNextIll = true;
        _ill[SocketOf(1)] = true;
        await PassIntervalAsync();
        await UntilAsync(() => Started == 2, TimeSpan.FromMilliseconds(20));
        Assert.Equal((DaemonState.Unhealthy, false), (_supervisor.State, _group.Queue.HasWorkers));
        Assert.Equal("it is ill", _supervisor.Obstacle);
        _ill[SocketOf(2)] = false;
        await UntilAsync(() => _supervisor.State == DaemonState.Ready, Interval);
        Assert.Equal(2, Started);
    }

    [Fact]
    public async Task Worker_whose_places_are_all_taken_is_not_asked()
    {
        Start(Options(unhealthyAfter: 1) with { Threads = 2 });
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        var one = await _group.Queue.TakeAsync(null, CancellationToken.None);
        var other = await _group.Queue.TakeAsync(null, CancellationToken.None);
        _ill[SocketOf(1)] = true;
        var before = _checked.Count;
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Interval);
            await Task.Delay(5);
        }
        Assert.Equal((before, 1), (_checked.Count, Started));
        _group.Queue.Release(one);
        await PassIntervalAsync();
        await UntilAsync(() => Started == 2, TimeSpan.FromMilliseconds(20));
        _group.Queue.Release(other);
    }

    [Fact]
    public async Task Check_takes_a_place_and_counts_as_no_request()
    {
        Start(Options() with { Threads = 1 });
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        var worker = await _group.Queue.TakeAsync(null, CancellationToken.None);
        Assert.False(_group.Queue.TryTakeForCheck(worker));
        _group.Queue.Release(worker);
        Assert.True(_group.Queue.TryTakeForCheck(worker));
        Assert.False(_group.Queue.TryTakeForCheck(worker));
        var waiting = _group.Queue.TakeAsync(null, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        Assert.Equal((0, 1, 1L, 0), (_group.Queue.Active, _group.Queue.Waiting, worker.Requests, worker.Active));
        _group.Queue.ReleaseCheck(worker);
        Assert.Same(worker, await waiting.AsTask().WaitAsync(Limit));
    }

    [Fact]
    public async Task Restart_that_does_not_get_healthy_can_be_withdrawn_and_the_old_worker_stays()
    {
        Start(Options());
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        _isNextIll = true;
        using var patience = new CancellationTokenSource();
        var restart = _supervisor.RestartAsync(patience.Token);
        await UntilAsync(() => Started == 2 && _supervisor.Obstacle is not null, TimeSpan.FromMilliseconds(20));
        Assert.Equal("it is ill", _supervisor.Obstacle);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => restart);
        await UntilAsync(() => IsEnded(2));
        Assert.Equal((DaemonState.Ready, true, false, 2), (_supervisor.State, _group.Queue.HasWorkers, IsEnded(1), Started));

        // The next one starts from scratch.
        _isNextIll = false;
        await _supervisor.RestartAsync(CancellationToken.None).WaitAsync(Limit);
        Assert.Equal(SocketOf(3), (await _group.Queue.TakeAsync(null, CancellationToken.None)).Address.UnixSocket);
    }

    [Fact]
    public async Task Restart_whose_worker_ends_fails_at_once_and_the_old_worker_stays()
    {
        Start(Options());
        await UntilAsync(() => _supervisor.State == DaemonState.Ready);
        _endsAtOnce = true;
        var refusal = await Assert.ThrowsAsync<DaemonStartException>(
            () => _supervisor.RestartAsync(CancellationToken.None).WaitAsync(Limit));
        Assert.Contains("ended with exit code 1 before it served", refusal.Message);
        Assert.Equal((DaemonState.Ready, true, false, 2), (_supervisor.State, _group.Queue.HasWorkers, IsEnded(1), Started));
    }

    private bool IsEnded(int process)
    {
        lock (_started) return _started[process - 1].Ended.IsCompleted;
    }

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is null) return;
        var end = _supervisor.DisposeAsync().AsTask();
        await UntilAsync(() => end.IsCompleted, TimeSpan.FromSeconds(1));
        await end;
        _group.Dispose();
    }
}
