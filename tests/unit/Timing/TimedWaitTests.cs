using CsCheck;
using DaemonProxy.Timing;
using Xunit;

namespace DaemonProxy.Tests.Timing;

/// <summary>
/// A wait for a signal, a limit or a cancellation: each wait ends once, by what ended it and by nothing of an earlier wait.
/// </summary>
public sealed class TimedWaitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();

    /// <summary>Turns the clock and calls the timer back if that was due by then, as a good timer would.</summary>
    private void Pass(TimeSpan time)
    {
        var timer = _time.Timers.Single();
        _time.Turn(time);
        if (timer.Due == Timeout.InfiniteTimeSpan) return;
        timer.Due -= time;
        if (timer.Due <= TimeSpan.Zero) timer.Fire();
    }

    [Fact]
    public async Task Signal_ends_the_wait_and_stays_until_it_is_reset()
    {
        using var wait = new TimedWait(_time);
        var waiting = wait.WaitAsync(Second);
        Assert.False(waiting.IsCompleted);
        wait.Signal();
        Assert.True(await waiting);
        Assert.True(wait.IsSignalled);
        Assert.True(await wait.WaitAsync(Second));
        Assert.True(await wait.WaitAsync(TimeSpan.Zero));
        wait.Reset();
        Assert.False(wait.IsSignalled);
        Assert.False(wait.WaitAsync(Second).IsCompleted);
    }

    [Fact]
    public async Task Limit_ends_the_wait_and_a_signal_after_it_is_the_next_waits()
    {
        using var wait = new TimedWait(_time);
        var first = wait.WaitAsync(Second);
        Pass(Second - TimeSpan.FromTicks(1));
        Assert.False(first.IsCompleted);
        Pass(TimeSpan.FromTicks(1));
        Assert.False(await first);
        wait.Signal();
        Assert.True(await wait.WaitAsync(Second));
    }

    [Fact]
    public async Task Limit_of_0_asks_and_does_not_wait()
    {
        using var wait = new TimedWait(_time);
        Assert.False(await wait.WaitAsync(TimeSpan.Zero));
        Assert.Equal(Timeout.InfiniteTimeSpan, _time.Timers.Single().Due);
    }

    [Fact]
    public async Task Wait_without_a_limit_outlasts_a_timer_that_comes_late_from_an_earlier_one()
    {
        using var wait = new TimedWait(_time);
        var first = wait.WaitAsync(Second);
        wait.Signal();
        Assert.True(await first);
        wait.Reset();
        var second = wait.WaitAsync(Timeout.InfiniteTimeSpan);
        _time.Turn(TimeSpan.FromDays(100));
        _time.Timers.Single().Fire();
        Assert.False(second.IsCompleted);
        wait.Signal();
        Assert.True(await second);
    }

    [Fact]
    public async Task Timer_that_comes_early_is_set_for_what_is_left()
    {
        using var wait = new TimedWait(_time);
        var timer = _time.Timers.Single();
        var waiting = wait.WaitAsync(Second);
        _time.Turn(Second * 0.9);
        timer.Fire();
        Assert.False(waiting.IsCompleted);
        Assert.Equal(Second * 0.1, timer.Due);
        _time.Turn(Second * 0.1);
        timer.Fire();
        Assert.False(await waiting);
        // One too many finds nobody waiting.
        timer.Fire();
        var next = wait.WaitAsync(Second);
        timer.Fire();
        Assert.False(next.IsCompleted);
    }

    /// <summary>Most waits of a connection are long and end early; the timer belongs to all of them.</summary>
    [Fact]
    public async Task Timer_of_long_waits_is_set_once_and_each_gets_its_whole_time()
    {
        using var wait = new TimedWait(_time);
        var timer = _time.Timers.Single();
        for (var i = 0; i < 100; i++)
        {
            wait.Reset();
            var answered = wait.WaitAsync(Limit);
            _time.Turn(Second / 10);
            wait.Signal();
            Assert.True(await answered);
        }
        Assert.Equal(1, timer.Changes);

        wait.Reset();
        var last = wait.WaitAsync(Limit);
        _time.Turn(Limit - (Second * 10));
        timer.Fire();
        Assert.False(last.IsCompleted);
        Assert.Equal(Second * 10, timer.Due);
        _time.Turn(Second * 10);
        timer.Fire();
        Assert.False(await last);
    }

    [Fact]
    public async Task Timer_of_a_long_wait_is_set_anew_for_a_short_one()
    {
        using var wait = new TimedWait(_time);
        var timer = _time.Timers.Single();
        var longer = wait.WaitAsync(Limit);
        wait.Signal();
        Assert.True(await longer);
        wait.Reset();
        var shorter = wait.WaitAsync(Second);
        Assert.Equal(Second, timer.Due);
        _time.Turn(Second);
        timer.Fire();
        Assert.False(await shorter);
        var next = wait.WaitAsync(Limit);
        Assert.Equal(Limit, timer.Due);
        _time.Turn(Limit);
        timer.Fire();
        Assert.False(await next);
    }

    [Fact]
    public async Task Timer_of_a_short_wait_is_at_rest_while_nobody_waits()
    {
        using var wait = new TimedWait(_time);
        var timer = _time.Timers.Single();
        using var cancelled = new CancellationTokenSource();
        foreach (var end in new[] { wait.Signal, cancelled.Cancel })
        {
            wait.Reset();
            var waiting = wait.WaitAsync(Second, cancelled.Token);
            Assert.Equal(Second, timer.Due);
            end();
            await waiting.AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
            Assert.Equal(Timeout.InfiniteTimeSpan, timer.Due);
        }
        wait.Dispose();
        Assert.True(timer.IsDisposed);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait_and_leaves_the_next_one_usable()
    {
        using var wait = new TimedWait(_time);
        using var cancelled = new CancellationTokenSource();
        var waiting = wait.WaitAsync(Second, cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        Assert.Equal(cancelled.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting)).CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Second, cancelled.Token).AsTask());
        var next = wait.WaitAsync(Second, CancellationToken.None);
        Assert.False(next.IsCompleted);
        wait.Signal();
        Assert.True(await next);
        // Who has the signal has it, cancelled or not.
        Assert.True(await wait.WaitAsync(Second, cancelled.Token));
    }

    private enum Step
    {
        Wait,
        WaitWithoutLimit,
        Ask,
        Signal,
        Reset,
        Pass,
        FireTimer,
        Cancel,
    }

    // The timer of a long wait is treated in another way than that of a short one.
    private static readonly Gen<int> Amounts = Gen.OneOf(Gen.Int[1, 20], Gen.Int[4_000, 20_000]);

    /// <summary>Random series of steps against what the words of the contract say.</summary>
    [Fact]
    public void Each_wait_ends_once_and_by_what_came_first() => Gen.Select(Gen.Enum<Step>(), Amounts).Array[1, 60].Sample(series =>
    {
        var time = new ManualTime();
        using var wait = new TimedWait(time);
        var timer = time.Timers.Single();
        var cancellation = new CancellationTokenSource();
        Task<bool>? waiting = null;
        TimeSpan? left = null;
        var signalled = false;
        string? expected = null;
        foreach (var (step, number) in series)
        {
            var amount = TimeSpan.FromMilliseconds(number);
            switch (step)
            {
                case Step.Wait or Step.WaitWithoutLimit when waiting is null:
                    left = step == Step.Wait ? amount : null;
                    waiting = wait.WaitAsync(left ?? Timeout.InfiniteTimeSpan, cancellation.Token).AsTask();
                    expected = signalled ? "signal" : null;
                    break;
                case Step.Ask when waiting is null:
                    Assert.Equal(signalled, wait.WaitAsync(TimeSpan.Zero, cancellation.Token).GetAwaiter().GetResult());
                    break;
                case Step.Signal:
                    wait.Signal();
                    signalled = true;
                    if (waiting is not null) expected = "signal";
                    break;
                case Step.Reset:
                    wait.Reset();
                    signalled = false;
                    break;
                case Step.Pass:
                    time.Turn(amount);
                    left -= amount;
                    break;
                case Step.FireTimer:
                    timer.Fire();
                    if (waiting is not null && left <= TimeSpan.Zero) expected = "limit";
                    break;
                case Step.Cancel:
                    cancellation.Cancel();
                    if (waiting is not null) expected = "cancelled";
                    cancellation = waiting is null ? new CancellationTokenSource() : cancellation;
                    break;
            }
            Assert.Equal(signalled, wait.IsSignalled);
            if (waiting is null) continue;
            if (expected is null && left > TimeSpan.Zero)
                Assert.InRange(timer.DueAt ?? long.MaxValue, 0, time.GetTimestamp() + left.Value.Ticks);
            Assert.Equal(expected,
                !waiting.IsCompleted ? null : waiting.IsCanceled ? "cancelled" : waiting.GetAwaiter().GetResult() ? "signal" : "limit");
            if (expected is null) continue;
            (waiting, left, expected) = (null, null, null);
            if (cancellation.IsCancellationRequested) cancellation = new CancellationTokenSource();
        }
    }, iter: 3_000);

    /// <summary>Signal, timer and cancellation at the same moment, from three threads.</summary>
    [Fact]
    public async Task Wait_that_all_end_at_once_ends_once()
    {
        using var wait = new TimedWait(_time);
        var timer = _time.Timers.Single();
        for (var i = 0; i < 200; i++)
        {
            using var cancellation = new CancellationTokenSource();
            using var ready = new Barrier(3);
            wait.Reset();
            // A second completion of the same wait would throw, in whoever came second.
            var waiting = wait.WaitAsync(Second, cancellation.Token).AsTask();
            _time.Turn(Second);
            var enders = new Action[] { wait.Signal, timer.Fire, cancellation.Cancel }.Select(end => Task.Run(() =>
            {
                ready.SignalAndWait(Limit);
                end();
            })).ToArray();
            await Task.WhenAll(enders).WaitAsync(Limit);
            await waiting.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Limit);
        }
    }

    /// <summary>
    /// A cancellation that came too late for its wait, and whose callback is under way, finds the next one: that waits by another token,
    /// and must not end. Whoever waits for a send to end before it gives its block back does so.
    /// </summary>
    [Fact]
    public async Task Cancellation_of_an_earlier_wait_does_not_end_the_next()
    {
        using var wait = new TimedWait(_time);
        for (var i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task? cancelling = null;
            wait.Reset();
            // The signal has the wait and its lock, and meanwhile the token is cancelled: its callback waits for that lock.
            _time.Changing = () =>
            {
                _time.Changing = null;
                var thread = new Thread(cancellation.Cancel);
                cancelling = Task.Run(() =>
                {
                    thread.Start();
                    thread.Join();
                });
                Assert.True(SpinWait.SpinUntil(() => thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Limit));
            };
            var next = Task.Run(async () =>
            {
                // Which is what the timer's start is for: only its end is of interest.
                var hook = _time.Changing;
                _time.Changing = null;
                var first = wait.WaitAsync(Second, cancellation.Token);
                _time.Changing = hook;
                var signal = Task.Run(wait.Signal);
                Assert.True(await first.ConfigureAwait(false));
                wait.Reset();
                var second = wait.WaitAsync(Timeout.InfiniteTimeSpan, CancellationToken.None);
                await signal.ConfigureAwait(false);
                await cancelling!.ConfigureAwait(false);
                Assert.False(second.IsCompleted, "the next wait ended by an earlier one's token");
                wait.Signal();
                Assert.True(await second.ConfigureAwait(false));
            });
            await next.WaitAsync(Limit);
        }
    }

    [Fact]
    public async Task Waits_allocate_nothing()
    {
        using var wait = new TimedWait(_time);
        using var cancellation = new CancellationTokenSource();
        var timer = _time.Timers.Single();
        long allocated = 0;
        for (var i = 0; i < 400; i++)
        {
            if (i == 200) allocated = GC.GetAllocatedBytesForCurrentThread();
            wait.Reset();
            var signalled = wait.WaitAsync(Second, cancellation.Token);
            wait.Signal();
            if (!await signalled) Assert.Fail("it was signalled");
            wait.Reset();
            var limited = wait.WaitAsync(Second, cancellation.Token);
            _time.Turn(Second);
            timer.Fire();
            if (await limited) Assert.Fail("it was not signalled");
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }
}
