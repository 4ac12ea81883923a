using DaemonProxy.Relay;
using DaemonProxy.Tests.Daemons;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>Turns on the sockets' threads are all taken, once, in their order, and leave the sockets theirs.</summary>
public sealed class SocketTurnsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Every_turn_is_taken_once(int threads)
    {
        const int runs = 8, turnsOfEach = 2000;
        using var turns = new SocketTurns(threads);
        var taken = new int[runs];
        await Task.WhenAll(Enumerable.Range(0, runs).Select(async run =>
        {
            await Task.Yield();
            for (var i = 0; i < turnsOfEach; i++)
            {
                await new OthersTurn(turns);
                taken[run]++;
            }
        })).WaitAsync(Limit);
        Assert.All(taken, count => Assert.Equal(turnsOfEach, count));
    }

    /// <summary>Whoever waits for a turn that another thread has asked for is not forgotten where nobody asks for one after it.</summary>
    [Fact]
    public async Task Turn_asked_for_while_the_thread_goes_to_rest_is_taken()
    {
        using var turns = new SocketTurns(1);
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var taken = new TaskCompletionSource();
            turns.Schedule(static state => ((TaskCompletionSource)state!).SetResult(), taken);
            Thread.SpinWait(random.Next(200));
            await taken.Task.WaitAsync(Limit);
        }
    }

    /// <summary>Somebody who takes one turn after the other does not keep a socket's bytes from whoever waits for them.</summary>
    [Fact]
    public async Task Sockets_have_their_turn_in_between()
    {
        using var turns = new SocketTurns(1);
        using var pair = await SocketPair.CreateAsync(unix: false);
        var isOver = false;
        var busy = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isOver)) await new OthersTurn(turns);
        });
        for (var i = 0; i < 100; i++)
        {
            var receiving = pair.Near.ReceiveAsync(new byte[1].AsMemory()).AsTask();
            await pair.Far.SendAsync(new byte[1].AsMemory());
            Assert.Equal(1, await receiving.WaitAsync(Limit));
        }
        Volatile.Write(ref isOver, true);
        await busy.WaitAsync(Limit);
    }

    [Fact]
    public async Task Turns_after_the_end_are_the_pools()
    {
        var turns = new SocketTurns(2);
        turns.Dispose();
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        turns.Schedule(static state => ((TaskCompletionSource)state!).SetResult(), taken);
        await taken.Task.WaitAsync(Limit);
    }
}
