using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Timing;
using Xunit;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace DaemonProxy.Tests.Daemons;

/// <summary>When the workers of a group are started again, by a fake clock and fake processes.</summary>
public sealed class BackOffTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly WatchedTime _time = new();
    private readonly List<FakeProcess> _started = [];
    private readonly MemoryStream _log = new();
    private DaemonGroup _group = null!;
    private GroupSupervisor _supervisor = null!;

    // What the next processes do: listen at once, or end before they listen. A program that is missing cannot be started at all.
    private volatile bool _listens = true;
    private volatile bool _isMissing;

    private void Start(int processes)
    {
        _group = new DaemonGroup(
            new DaemonGroupOptions { Name = "app", Source = DaemonSource.Command, Command = ["app"], Processes = processes }, _time,
            new GroupStatistics(), new ConnectionBudget(null));
        _supervisor = new GroupSupervisor(
            _group, "app", _ => new DaemonCommand("app", ["app"], "/nowhere.sock", null, new Dictionary<string, string>()), (_, _) =>
        {
            lock (_started)
            {
                var process = new FakeProcess(_started.Count + 1, _time, _listens && !_isMissing);
                _started.Add(process);
                return _isMissing
                    ? Task.FromException<IWorkerProcess>(new IOException("no such program")) : Task.FromResult<IWorkerProcess>(process);
            }
        }, EventLog.To(_log, _time), _time);
        _supervisor.Start();
    }

    private int Started
    {
        get { lock (_started) return _started.Count; }
    }

    private FakeProcess[] Living
    {
        get { lock (_started) return [.. _started.Where(process => process.Listens && !process.Ended.IsCompleted)]; }
    }

    /// <summary>
    /// Whether every worker of the group either serves or waits for its next start: only then does it notice that the clock is turned.
    /// </summary>
    private bool IsAtRest => _time.Pending == _group.Options.Processes - Living.Length;

    /// <summary>Waits, on the real clock, until so many were started and the group is at rest in the state.</summary>
    private async Task SettlesAsync(int started, DaemonState state)
    {
        await UntilAsync(() => Started == started && _supervisor.State == state && IsAtRest);
        // Time for one too many to be seen, and for those that another's start has woken to wait again.
        await Task.Delay(30);
        await UntilAsync(() => IsAtRest);
        Assert.Equal((started, state), (Started, _supervisor.State));
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        for (var start = Stopwatch.StartNew(); !holds(); await Task.Delay(5))
            Assert.True(start.Elapsed < Limit,
                $"{Started} started, {_supervisor.State}, {Living.Length} serve, {_time.Pending} timers are set");
    }

    [Fact]
    public async Task Worker_that_served_for_a_second_is_replaced_at_once_each_time()
    {
        Start(1);
        for (var i = 1; i <= 5; i++)
        {
            await SettlesAsync(i, DaemonState.Ready);
            _time.Advance(BackOff.Between);
            Living.Single().End();
        }
        await SettlesAsync(6, DaemonState.Ready);
    }

    [Fact]
    public async Task Only_worker_that_ends_as_soon_as_it_listens_is_started_after_a_quarter_of_a_second_each_time()
    {
        Start(1);
        for (var i = 1; i <= 8; i++)
        {
            await SettlesAsync(i, DaemonState.Ready);
            Living.Single().End();
            await SettlesAsync(i, DaemonState.BackingOff);
            _time.Advance(BackOff.Shortest);
        }
        await SettlesAsync(9, DaemonState.Ready);
    }

    [Fact]
    public async Task Worker_that_ends_as_soon_as_it_listens_is_started_every_second_while_another_serves()
    {
        Start(2);
        await SettlesAsync(2, DaemonState.Ready);
        for (var i = 3; i <= 6; i++)
        {
            Living[^1].End();
            _time.Advance(BackOff.Between - TimeSpan.FromMilliseconds(10));
            await SettlesAsync(i - 1, DaemonState.Ready);
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await SettlesAsync(i, DaemonState.Ready);
        }
        // With the last of them gone nobody waits any longer, and they are not all started in the same moment.
        foreach (var process in Living) process.End();
        await SettlesAsync(7, DaemonState.Ready);
        _time.Advance(BackOff.Between);
        await SettlesAsync(8, DaemonState.Ready);
    }

    [Fact]
    public async Task Pause_of_a_worker_that_never_listens_doubles_while_others_serve()
    {
        Start(2);
        await SettlesAsync(2, DaemonState.Ready);
        _time.Advance(BackOff.Between);
        _listens = false;
        Living[0].End();
        // Another at once, which fails, and from then on after 1, 2, 4, ... 30 s.
        var started = 3;
        await SettlesAsync(started, DaemonState.Ready);
        foreach (var pause in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            _time.Advance(TimeSpan.FromSeconds(pause - 0.1));
            await SettlesAsync(started, DaemonState.Ready);
            _time.Advance(TimeSpan.FromSeconds(0.1));
            await SettlesAsync(++started, DaemonState.Ready);
        }
    }

    [Fact]
    public async Task Group_that_loses_its_last_worker_ends_all_pauses_and_starts_one_every_second()
    {
        Start(2);
        await SettlesAsync(2, DaemonState.Ready);
        _time.Advance(BackOff.Between);
        _listens = false;
        Living[0].End();
        await SettlesAsync(3, DaemonState.Ready);
        foreach (var pause in new[] { 1, 2, 4, 8, 16 })
        {
            _time.Advance(TimeSpan.FromSeconds(pause));
            await SettlesAsync(3 + BitCount(pause), DaemonState.Ready);
        }
        _time.Advance(BackOff.Between);

        // With one in a pause of 30 s the other dies: it is started at once, and once more; then one of the two every second.
        Living.Single().End();
        // Whether the one in its pause sees the other's start before its own is chance.
        await UntilAsync(() => Started >= 10 && _supervisor.State == DaemonState.BackingOff && IsAtRest);
        await Task.Delay(100);
        await UntilAsync(() => IsAtRest);
        var before = Started;
        Assert.InRange(before, 10, 11);
        for (var second = 1; second <= 5; second++)
        {
            _time.Advance(BackOff.Between - TimeSpan.FromMilliseconds(10));
            await SettlesAsync(before - 1 + second, DaemonState.BackingOff);
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await SettlesAsync(before + second, DaemonState.BackingOff);
        }

        // One that listens ends the other's pause as well.
        _listens = true;
        _time.Advance(BackOff.Between);
        await SettlesAsync(before + 7, DaemonState.Ready);
        Assert.Equal(2, Living.Length);
    }

    private static int BitCount(int pause) => System.Numerics.BitOperations.Log2((uint)pause) + 1;

    [Fact]
    public async Task Program_that_is_missing_is_looked_for_every_second_and_logged_ever_more_rarely()
    {
        _isMissing = true;
        Start(1);
        // The second at once, the next after a second each.
        await SettlesAsync(2, DaemonState.BackingOff);
        for (var second = 1; second <= 60; second++)
        {
            _time.Advance(BackOff.Between);
            await UntilAsync(() => Started == 2 + second && IsAtRest);
        }
        Assert.Equal(62, Started);
        await SettlesAsync(62, DaemonState.BackingOff);
        var lines = System.Text.Encoding.UTF8.GetString(_log.ToArray()).Split('\n')
            .Count(line => line.Contains("no such program", StringComparison.Ordinal));
        Assert.InRange(lines, 3, 10);
        _isMissing = false;
        _time.Advance(BackOff.Between);
        await SettlesAsync(63, DaemonState.Ready);
    }

    [Fact]
    public async Task Requests_are_given_to_the_worker_that_comes_and_those_that_wait_in_vain_get_503_by_connect_timeout()
    {
        Start(1);
        await SettlesAsync(1, DaemonState.Ready);
        _listens = false;
        Living.Single().End();
        await SettlesAsync(1, DaemonState.BackingOff);
        var waiting = _group.Queue.TakeAsync(null, CancellationToken.None).AsTask();
        for (var second = 0; second < 14; second++)
        {
            _time.Advance(BackOff.Between);
            // The worker for its next start, and the request for its connect-timeout.
            await UntilAsync(() => Started == 3 + second && _time.Pending == 2);
        }
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.01));
        var broken = await Assert.ThrowsAsync<DaemonProxy.Events.BrokenResponseException>(() => waiting.WaitAsync(Limit));
        Assert.Equal(503, broken.Reason.Status);
    }

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is null) return;
        await _supervisor.DisposeAsync();
        _group.Dispose();
    }
}
