using System.Collections.Concurrent;
using System.Diagnostics;
using CsCheck;
using DaemonProxy.Timing;
using Xunit;

namespace DaemonProxy.Tests.Timing;

/// <summary>
/// The clock's timers: none early, none lost, none that was stopped in time. It goes by real time, so what is asserted is order and count,
/// never how late; that something does not happen is asserted once another timer of the same clock, which is due later, has fired.
/// </summary>
public sealed class PreciseTimeProviderTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Never = Timeout.InfiniteTimeSpan;

    private readonly PreciseTimeProvider _clock = new();

    public void Dispose() => _clock.Dispose();

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);

    /// <summary>Lets a timer fire that is due later than all that are of interest.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = _clock.CreateTimer(_ => passed.TrySetResult(), null, time, Never);
        await passed.Task.WaitAsync(Limit);
    }

    /// <summary>
    /// Waits until a callback has run so often. That a timer fires later does not say so: its callback may overtake another whose thread the
    /// machine has stopped.
    /// </summary>
    private async Task FiredAsync(Func<int> fired, int times)
    {
        for (var start = Stopwatch.StartNew(); fired() < times && start.Elapsed < Limit;) await PassAsync(Ms(5));
        Assert.InRange(fired(), times, int.MaxValue);
    }

    private enum Step
    {
        Set,
        SetFarAway,
        Stop,
        Dispose,
        Wait,
    }

    /// <summary>A timer and what a naive list knows of it: when it may have fired, and by when it has to.</summary>
    private sealed class Watched(PreciseTimeProvider clock)
    {
        private readonly ConcurrentQueue<long> _fired = new();
        private ITimer? _timer;
        private long _earliest = long.MaxValue;
        private int _most;

        public bool IsDisposed { get; private set; }

        /// <summary>Changes it; null: it is not to fire.</summary>
        public void Change(TimeSpan? due)
        {
            if (IsDisposed) return;
            // Until then it may have fired by what held before.
            var before = clock.GetTimestamp();
            if (_timer is null) _timer = clock.CreateTimer(_ => _fired.Enqueue(clock.GetTimestamp()), null, due ?? Never, Never);
            else Assert.True(_timer.Change(due ?? Never, Never));
            Settle(clock.GetTimestamp());
            _earliest = due is { } time ? before + (long)(time.TotalSeconds * clock.TimestampFrequency) : long.MaxValue;
        }

        public void Dispose()
        {
            _timer?.Dispose();
            Settle(clock.GetTimestamp());
            _earliest = long.MaxValue;
            IsDisposed = true;
        }

        private void Settle(long now)
        {
            if (_earliest <= now) _most++;
        }

        public bool IsDone(long farAway) => _earliest > farAway || _fired.Any(time => time >= _earliest);

        public void AssertFired(long farAway)
        {
            var isDue = _earliest < farAway;
            Assert.True(!isDue || _fired.Any(time => time >= _earliest), "it was due and has not fired, or fired early");
            Assert.InRange(_fired.Count, isDue ? 1 : 0, isDue ? _most + 1 : _most);
        }
    }

    [Fact]
    public async Task Each_timer_fires_by_its_last_setting_whatever_it_was_before()
    {
        var steps = Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 7], Gen.Int[-1000, 4000]).Array[1, 60];
        await steps.SampleAsync(async series =>
        {
            var timers = Enumerable.Range(0, 8).Select(_ => new Watched(_clock)).ToArray();
            foreach (var (step, number, microseconds) in series)
            {
                var timer = timers[number];
                switch (step)
                {
                    case Step.Set: timer.Change(TimeSpan.FromMicroseconds(microseconds)); break;
                    case Step.SetFarAway: timer.Change(Hour); break;
                    case Step.Stop: timer.Change(null); break;
                    case Step.Dispose: timer.Dispose(); break;
                    default:
                        // Real time is what may make one due before the next step.
                        for (var until = _clock.GetTimestamp()
                            + Ticks(TimeSpan.FromMicroseconds(
                            Math.Max(0, microseconds) / 4)); _clock.GetTimestamp() < until;) Thread.Yield();
                        break;
                }
            }
            var farAway = _clock.GetTimestamp() + Ticks(Hour / 2);
            for (var i = 0; i < 2000 && !timers.All(timer => timer.IsDone(farAway)); i++) await PassAsync(Ms(5));
            // Those that have been taken off, but are with the thread pool yet, fire before this one does.
            await PassAsync(Ms(5));
            Assert.All(timers, timer => timer.AssertFired(farAway));
            foreach (var timer in timers) timer.Dispose();
        }, iter: 60, threads: 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-3_600_000)]
    public async Task Timer_that_is_due_in_the_past_fires_at_once_and_once(int milliseconds)
    {
        // Infinite is -1 ms, which is no time in the past.
        var due = milliseconds == -1 ? Ms(-1.5) : Ms(milliseconds);
        var fired = 0;
        await using var timer = _clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, due, Never);
        await FiredAsync(() => Volatile.Read(ref fired), 1);
        await PassAsync(Ms(5));
        Assert.Equal(1, fired);
    }

    [Fact]
    public async Task Timer_that_is_due_before_the_one_the_thread_sleeps_for_wakes_it()
    {
        await using var later = _clock.CreateTimer(_ => Assert.Fail("it is due in an hour"), null, Hour, Never);
        // The thread has seen the one above, and sleeps for it.
        await PassAsync(Ms(1));
        await PassAsync(Ms(1));
        await PassAsync(TimeSpan.FromSeconds(0.02));
    }

    [Fact]
    public async Task Timer_never_fires_that_is_due_later_than_the_clock_can_count()
    {
        var fired = 0;
        await using var timer = _clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, TimeSpan.MaxValue, Never);
        await PassAsync(Ms(5));
        Assert.Equal(0, fired);
        Assert.True(timer.Change(Ms(1), TimeSpan.MaxValue));
        await FiredAsync(() => Volatile.Read(ref fired), 1);
        await PassAsync(Ms(20));
        Assert.Equal(1, fired);
    }

    [Fact]
    public async Task Periodic_timer_keeps_its_distance_until_it_is_disposed()
    {
        var fired = new ConcurrentQueue<long>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = _clock.GetTimestamp();
        var timer = _clock.CreateTimer(_ =>
        {
            fired.Enqueue(_clock.GetTimestamp());
            if (fired.Count == 8) enough.TrySetResult();
        }, null, Ms(3), Ms(2));
        await enough.Task.WaitAsync(Limit);
        await timer.DisposeAsync();
        var count = fired.Count;
        await PassAsync(Ms(20));
        // One may have been on its way.
        Assert.InRange(fired.Count, count, count + 1);
        Assert.All(fired.Select((time, i) => (time, i)), one => Assert.True(one.time - start >= Ticks(Ms(3 + (2 * one.i)))));
    }

    [Fact]
    public async Task Timer_can_be_set_again_in_its_own_callback()
    {
        var (count, most) = (0, 50);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ITimer? timer = null;
        await using var _ = timer = _clock.CreateTimer(_ =>
        {
            if (++count == most) done.TrySetResult();
            // By turns in the past, at once and soon.
            else timer!.Change(Ms((count % 3) - 1.5), Never);
        }, null, Never, Never);
        timer.Change(Ms(1), Never);
        await done.Task.WaitAsync(Limit);
        await PassAsync(Ms(5));
        Assert.Equal(most, count);
    }

    [Fact]
    public async Task Timer_that_is_stopped_or_disposed_in_its_own_callback_fires_no_more()
    {
        foreach (var disposes in new[] { false, true })
        {
            var (fired, stopped) = (0, 0);
            ITimer? timer = null;
            await using var _ = timer = _clock.CreateTimer(_ =>
            {
                if (Interlocked.Increment(ref fired) != 2) return;
                if (disposes) timer!.Dispose();
                else timer!.Change(Never, Never);
                Volatile.Write(ref stopped, 1);
            }, null, Never, Never);
            timer.Change(Ms(1), Ms(10));
            await FiredAsync(() => Volatile.Read(ref stopped), 1);
            // The machine may have kept the second from stopping it for a while. Once it has, none of the next five fires.
            await PassAsync(Ms(20));
            var before = Volatile.Read(ref fired);
            await PassAsync(Ms(50));
            Assert.InRange(fired, 2, before);
        }
    }

    [Fact]
    public async Task Timer_that_is_disposed_cannot_be_set_again()
    {
        var fired = 0;
        var timer = _clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, Hour, Never);
        await timer.DisposeAsync();
        Assert.False(timer.Change(TimeSpan.Zero, Ms(1)));
        await timer.DisposeAsync();
        await PassAsync(Ms(20));
        Assert.Equal(0, fired);
    }

    [Fact]
    public async Task Ten_thousand_timers_fire_once_each_and_none_early()
    {
        const int count = 10_000;
        var fired = new int[count];
        var early = 0;
        var left = count;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(part => Task.Run(() =>
        {
            var random = new Random(part);
            for (var i = part; i < count; i += 4)
            {
                var number = i;
                var due = TimeSpan.FromMicroseconds(random.Next(0, 20_000));
                var earliest = _clock.GetTimestamp() + Ticks(due);
                _clock.CreateTimer(_ =>
                {
                    if (_clock.GetTimestamp() < earliest) Interlocked.Increment(ref early);
                    Interlocked.Increment(ref fired[number]);
                    if (Interlocked.Decrement(ref left) == 0) done.TrySetResult();
                }, null, due, Never);
            }
        })));
        await done.Task.WaitAsync(Limit);
        await PassAsync(Ms(5));
        Assert.Equal(0, early);
        Assert.All(fired, times => Assert.Equal(1, times));
    }

    [Fact]
    public async Task Disposed_clock_fires_nothing_more()
    {
        var fired = 0;
        var clock = new PreciseTimeProvider();
        clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, Ms(10), Never);
        clock.Dispose();
        clock.CreateTimer(_ => Interlocked.Increment(ref fired), null, Ms(1), Never);
        await PassAsync(Ms(40));
        Assert.Equal(0, fired);
    }
}
