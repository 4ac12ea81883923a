using DaemonProxy.Timing;
using Xunit;

namespace DaemonProxy.Tests.Timing;

/// <summary>Who runs the callbacks of timers that have fired: all of them, once each, and none behind another that blocks.</summary>
public sealed class DueTimersTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly PreciseTimeProvider _clock = new();
    private readonly DueTimers _due = new();

    public void Dispose() => _clock.Dispose();

    private PreciseTimeProvider.PreciseTimer Timer(Action callback) => new(_clock, _ => callback(), null);

    private static void Until(Func<bool> holds) => Assert.True(SpinWait.SpinUntil(holds, Limit));

    [Fact]
    public void Timer_that_fires_again_before_its_callback_has_begun_is_called_once()
    {
        var called = 0;
        var timer = Timer(() => Interlocked.Increment(ref called));
        var last = new ManualResetEventSlim();
        _due.Add(timer);
        _due.Add(timer);
        _due.Add(Timer(last.Set));
        _due.Run();
        Assert.True(last.Wait(Limit));
        Assert.Equal(1, called);
    }

    [Fact]
    public void Timer_that_fires_again_in_its_callback_is_called_again()
    {
        var called = 0;
        PreciseTimeProvider.PreciseTimer? timer = null;
        timer = Timer(() =>
        {
            if (Interlocked.Increment(ref called) < 5) _due.Add(timer!);
        });
        _due.Add(timer);
        _due.Run();
        Until(() => Volatile.Read(ref called) == 5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1000)]
    public void All_are_called_once_each_round_after_round(int count)
    {
        var called = new int[count];
        var timers = Enumerable.Range(0, count).Select(i => Timer(() => Interlocked.Increment(ref called[i]))).ToArray();
        for (var round = 1; round <= 20; round++)
        {
            foreach (var timer in timers) _due.Add(timer);
            _due.Run();
            // Those who ran the last round have ended, or end now: the next round must not count on them.
            Until(() => called.All(times => Volatile.Read(ref times) >= round));
            Assert.All(called, times => Assert.Equal(round, times));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Callback_that_blocks_holds_up_no_other_once_the_next_timer_has_fired(int blocking)
    {
        using var release = new ManualResetEventSlim();
        var (blocked, called) = (0, 0);
        try
        {
            for (var i = 1; i <= blocking; i++)
            {
                _due.Add(Timer(() =>
                {
                    Interlocked.Increment(ref blocked);
                    release.Wait(Limit);
                }));
                // The clock's thread comes round again with the next timer; who is blocked already does not run this one.
                _due.Run();
                _due.Run();
                var wanted = i;
                Until(() => Volatile.Read(ref blocked) == wanted);
                // The first may have to wait for the second, but not for the one that blocks.
                for (var round = 0; round < 2; round++)
                {
                    _due.Add(Timer(() => Interlocked.Increment(ref called)));
                    _due.Run();
                }
                Until(() => Volatile.Read(ref called) == 2 * wanted);
            }
            Assert.False(release.IsSet);
        }
        finally
        {
            release.Set();
        }
    }

    [Fact]
    public void Nothing_runs_where_nothing_has_fired()
    {
        _due.Run();
        _due.Run();
        var called = 0;
        _due.Add(Timer(() => Interlocked.Increment(ref called)));
        _due.Run();
        Until(() => Volatile.Read(ref called) == 1);
    }
}
