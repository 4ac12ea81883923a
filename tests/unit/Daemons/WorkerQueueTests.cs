using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Tests.Timing;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>How requests get a place on a worker (behaviour.md, section 5).</summary>
public sealed class WorkerQueueTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly WatchedTime _time = new();

    private static DaemonGroupOptions Options =>
        new() { Name = "app", Source = DaemonSource.Sample, ConnectTimeout = TimeSpan.FromSeconds(15) };

    private DaemonWorker Worker(int capacity) =>
        new(Options, new DaemonAddress("/nowhere.sock", null, 0), capacity, _time, new ConnectionBudget(null));

    private WorkerQueue Queue(DaemonGroupOptions options, params DaemonWorker[] workers)
    {
        var queue = new WorkerQueue(options, _time);
        foreach (var worker in workers) queue.Open(worker);
        return queue;
    }

    private static Task<DaemonWorker> Take(WorkerQueue queue, CancellationToken gone = default) => queue.TakeAsync(null, gone).AsTask();

    [Fact]
    public async Task Least_busy_worker_is_taken_and_workers_wear_evenly()
    {
        var (one, two) = (Worker(5), Worker(5));
        var queue = Queue(Options, one, two);
        for (var i = 0; i < 6; i++) await Take(queue);
        Assert.Equal((3, 3), (one.Active, two.Active));
        for (var i = 0; i < 3; i++) queue.Release(one);
        Assert.Same(one, await Take(queue));
    }

    [Fact]
    public async Task No_worker_gets_more_than_it_takes_at_a_time_and_the_first_that_waits_is_served_first()
    {
        var worker = Worker(1);
        var queue = Queue(Options, worker);
        await Take(queue);
        var first = Take(queue);
        var second = Take(queue);
        Assert.Equal(2, queue.Waiting);
        queue.Release(worker);
        Assert.Same(worker, await first.WaitAsync(Limit));
        Assert.False(second.IsCompleted);
        Assert.Equal(1, worker.Active);
    }

    [Fact]
    public async Task Request_is_never_behind_a_slow_one_while_another_worker_is_idle()
    {
        var (slow, quick) = (Worker(1), Worker(1));
        var queue = Queue(Options, slow, quick);
        await Take(queue);
        await Take(queue);
        var waiting = Take(queue);
        queue.Release(quick);
        Assert.Same(quick, await waiting.WaitAsync(Limit));
    }

    [Fact]
    public async Task Closed_worker_gets_no_more_and_one_that_opens_takes_those_that_wait()
    {
        var old = Worker(1);
        var queue = Queue(Options, old);
        await Take(queue);
        var waiting = Take(queue);
        queue.Close(old);
        queue.Release(old);
        Assert.False(waiting.IsCompleted);
        var fresh = Worker(1);
        queue.Open(fresh);
        Assert.Same(fresh, await waiting.WaitAsync(Limit));
    }

    [Fact]
    public async Task Request_that_waited_for_queue_timeout_is_dropped_with_504()
    {
        var queue = Queue(Options with { QueueTimeout = TimeSpan.FromSeconds(2) }, Worker(1));
        await Take(queue);
        var waiting = Take(queue);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await AssertDropped(waiting, EventCatalogue.QueueTimeout, 504);
        Assert.Equal(0, queue.Waiting);
    }

    [Fact]
    public async Task Request_without_queue_timeout_waits_for_a_busy_worker_however_long()
    {
        var worker = Worker(1);
        var queue = Queue(Options, worker);
        await Take(queue);
        var waiting = Take(queue);
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(15));
            await Task.Yield();
        }
        Assert.False(waiting.IsCompleted);
        queue.Release(worker);
        Assert.Same(worker, await waiting.WaitAsync(Limit));
    }

    [Fact]
    public async Task Request_without_any_worker_is_dropped_with_503_after_connect_timeout()
    {
        var waiting = Take(Queue(Options));
        _time.Advance(TimeSpan.FromSeconds(15));
        await AssertDropped(waiting, EventCatalogue.ConnectTimeout, 503);
    }

    [Fact]
    public async Task Request_whose_workers_go_while_it_waits_is_dropped_after_connect_timeout_from_then_on()
    {
        var worker = Worker(1);
        var queue = Queue(Options, worker);
        await Take(queue);
        var waiting = Take(queue);
        _time.Advance(TimeSpan.FromSeconds(14));
        queue.Close(worker);
        await AdvanceAsync(TimeSpan.FromSeconds(14.9), waiting);
        Assert.False(waiting.IsCompleted);
        await AdvanceAsync(TimeSpan.FromSeconds(0.2), waiting);
        await AssertDropped(waiting, EventCatalogue.ConnectTimeout, 503);
    }

    [Fact]
    public async Task Time_without_a_worker_adds_up_though_workers_come_and_go()
    {
        var queue = Queue(Options);
        var (full, waiting) = (Worker(1), Take(queue, default));
        // Another is first, and takes the only place each time; this one goes on waiting.
        full.Active = 1;
        for (var i = 0; i < 3; i++)
        {
            await AdvanceAsync(TimeSpan.FromSeconds(4), waiting);
            queue.Open(full);
            await AdvanceAsync(TimeSpan.FromSeconds(20), waiting);
            queue.Close(full);
        }
        await AdvanceAsync(TimeSpan.FromSeconds(2.9), waiting);
        Assert.False(waiting.IsCompleted);
        await AdvanceAsync(TimeSpan.FromSeconds(0.2), waiting);
        await AssertDropped(waiting, EventCatalogue.ConnectTimeout, 503);
    }

    [Fact]
    public async Task Time_that_a_request_was_without_a_worker_before_counts()
    {
        var waiting = Queue(Options).TakeAsync(null, default, TimeSpan.FromSeconds(10)).AsTask();
        await AdvanceAsync(TimeSpan.FromSeconds(4.9), waiting);
        Assert.False(waiting.IsCompleted);
        await AdvanceAsync(TimeSpan.FromSeconds(0.2), waiting);
        await AssertDropped(waiting, EventCatalogue.ConnectTimeout, 503);
    }

    /// <summary>Lets time pass for a request that waits: whenever it has looked at the clock, only once it waits again.</summary>
    private async Task AdvanceAsync(TimeSpan time, Task waiting)
    {
        for (var step = TimeSpan.FromMilliseconds(100); time > TimeSpan.Zero; time -= step)
        {
            _time.Advance(step);
            for (var start = Stopwatch.StartNew(); !waiting.IsCompleted && _time.Pending == 0; await Task.Delay(1))
                Assert.True(start.Elapsed < Limit, "it waits by no timer");
        }
    }

    [Fact]
    public async Task Worker_that_dies_says_with_how_many_requests_and_one_that_was_asked_to_end_says_none()
    {
        var died = new DaemonWorker(Options, new DaemonAddress("/nowhere.sock", null, 0), 5, _time, new ConnectionBudget(null))
        {
            Death = new TaskCompletionSource<int>(),
        };
        var ended = new DaemonWorker(Options, new DaemonAddress("/nowhere.sock", null, 0), 5, _time, new ConnectionBudget(null))
        {
            Death = new TaskCompletionSource<int>(),
        };
        var queue = Queue(Options, died, ended);
        for (var i = 0; i < 4; i++) await Take(queue);
        var emptied = 0;
        queue.Emptied = () => emptied++;
        queue.Bury(died);
        Assert.Equal((2, 0), (await died.Death.Task, emptied));
        queue.Close(ended);
        queue.Bury(ended);
        Assert.Equal((0, 1), (await ended.Death.Task, emptied));
    }

    [Fact]
    public async Task Health_check_is_no_use_of_a_worker()
    {
        var worker = Worker(5);
        var queue = Queue(Options, worker);
        var before = worker.LastUse;
        _time.Advance(TimeSpan.FromSeconds(1));
        await queue.TakeAsync(null, default, isUse: false);
        queue.Release(worker, isUse: false);
        Assert.Equal((false, before), (worker.IsUsed, worker.LastUse));
        await Take(queue);
        Assert.True(worker.IsUsed && worker.LastUse > before);
    }

    [Fact]
    public async Task Request_behind_the_listen_backlog_is_dropped_with_503_after_connect_timeout()
    {
        var queue = Queue(Options with { ListenBacklog = 1 }, Worker(1));
        await Take(queue);
        var within = Take(queue);
        var behind = Take(queue);
        _time.Advance(TimeSpan.FromSeconds(15));
        await AssertDropped(behind, EventCatalogue.ConnectTimeout, 503);
        Assert.False(within.IsCompleted);
    }

    [Fact]
    public async Task Client_that_leaves_gives_up_its_place_in_the_queue()
    {
        var worker = Worker(1);
        var queue = Queue(Options, worker);
        await Take(queue);
        using var gone = new CancellationTokenSource();
        var left = Take(queue, gone.Token);
        var next = Take(queue);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        queue.Release(worker);
        Assert.Same(worker, await next.WaitAsync(Limit));
    }

    [Fact]
    public async Task Worker_that_has_just_failed_is_avoided_where_there_is_another()
    {
        var (failed, other) = (Worker(5), Worker(5));
        var queue = Queue(Options, failed, other);
        await queue.TakeAsync(failed, default);
        await queue.TakeAsync(failed, default);
        Assert.Equal((0, 2), (failed.Active, other.Active));
        queue.Close(other);
        Assert.Same(failed, await queue.TakeAsync(failed, default));
    }

    private static async Task AssertDropped(Task request, EventDefinition reason, int status)
    {
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(() => request.WaitAsync(Limit));
        Assert.Same(reason, broken.Reason);
        Assert.Equal(status, broken.Reason.Status);
    }
}
