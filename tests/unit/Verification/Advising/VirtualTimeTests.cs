using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Verification.Advising;

/// <summary>The clock on which hours pass in milliseconds.</summary>
public sealed class VirtualTimeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly VirtualTime _time = new();
    private readonly List<string> _done = [];

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_and_those_of_one_time_in_the_order_of_their_setting()
    {
        _time.Run(async () =>
        {
            foreach (var (name, hours) in new[] { ("late", 3), ("first of two", 1), ("second of two", 1), ("between", 2) })
                Start(name, hours);
            await _time.PassAsync(Hour * 4).ConfigureAwait(false);
        });

        Assert.Equal(["first of two 1", "second of two 1", "between 2", "late 3"], _done);
        Assert.Equal(Hour * 4, _time.Now);
    }

    [Fact]
    public void Timer_that_is_changed_or_disposed_of_fires_only_as_it_was_set_last()
    {
        using var moved = _time.CreateTimer(_ => Note("moved"), null, Hour, Timeout.InfiniteTimeSpan);
        var disposed = _time.CreateTimer(_ => Note("disposed"), null, Hour, Timeout.InfiniteTimeSpan);
        using var off = _time.CreateTimer(_ => Note("off"), null, Hour, Timeout.InfiniteTimeSpan);
        moved.Change(Hour * 2, Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        off.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        _time.Run(async () => await _time.PassAsync(Hour * 3).ConfigureAwait(false));

        Assert.Equal(["moved 2"], _done);
    }

    [Fact]
    public void Turns_come_before_the_clock_goes_on_and_on_the_same_thread()
    {
        var thread = 0;
        _time.Run(async () =>
        {
            thread = Environment.CurrentManagedThreadId;
            Start("timer", 1);
            _time.Turns.Schedule(
                _ => Note($"turn on {(Environment.CurrentManagedThreadId == thread ? "the same thread" : "another")}"), null);
            await _time.PassAsync(Hour * 2).ConfigureAwait(false);
            Note(Environment.CurrentManagedThreadId == thread ? "end on the same thread" : "end on another");
        });

        Assert.Equal(["turn on the same thread 0", "timer 1", "end on the same thread 2"], _done);
    }

    [Fact]
    public void Work_continues_in_place_even_where_its_caller_has_a_synchronization_context()
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new NoWay());
        try
        {
            _time.Run(async () =>
            {
                for (var i = 0; i < 100; i++) await _time.PassAsync(Hour).ConfigureAwait(false);
            });
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
        Assert.Equal(Hour * 100, _time.Now);
    }

    [Fact]
    public void Failure_of_the_work_reaches_whoever_asked_for_it()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => _time.Run(async () =>
        {
            await _time.PassAsync(Hour).ConfigureAwait(false);
            throw new FormatException("no such thing");
        }));
        Assert.IsType<FormatException>(failure.InnerException);
    }

    private void Start(string name, int hours) =>
        _ = _time.PassAsync(Hour * hours).ContinueWith(_ => Note(name), TaskContinuationOptions.ExecuteSynchronously);

    private void Note(string name) => _done.Add($"{name} {_time.Now / Hour}");

    private sealed class NoWay : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("posted");
    }
}
