using System.Net.Sockets;
using CsCheck;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>
/// A block in a pipe of the system's is the bytes that a socket has received, once and in their order, however it is taken: moved on, read,
/// looked at, in parts.
/// </summary>
public sealed class KernelPipeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public KernelPipeTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has splice(2)");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Socket_without_bytes_gives_nothing_and_one_that_has_ended_gives_none(bool unix)
    {
        using var source = await SocketPair.CreateAsync(unix);
        var pipe = KernelPipe.Create(null)!;
        Assert.Null(pipe.Fill(source.Near.SafeHandle, 1000));
        await source.Far.SendAsync(new byte[10]);
        Assert.Equal(10, await FilledAsync(pipe, source.Near, 1000));
        _ = pipe.Block.Span;
        source.Far.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await FilledAsync(pipe, source.Near, 1000));
        pipe.Close();
    }

    [Fact]
    public async Task Block_that_has_not_been_taken_is_not_overwritten()
    {
        using var source = await SocketPair.CreateAsync(unix: true);
        var pipe = KernelPipe.Create(null)!;
        await source.Far.SendAsync(new byte[10]);
        await FilledAsync(pipe, source.Near, 4);
        Assert.Throws<InvalidOperationException>(() => pipe.Fill(source.Near.SafeHandle, 4));
        Assert.Throws<InvalidOperationException>(() => pipe.Read(1, new byte[1]));
        pipe.Close();
    }

    [Fact]
    public void Pipe_takes_two_descriptors_of_the_budget_and_gives_them_back()
    {
        var budget = new ConnectionBudget(3);
        var first = KernelPipe.Create(budget)!;
        Assert.Equal(2, budget.Open);
        Assert.Null(KernelPipe.Create(budget));
        Assert.Equal(2, budget.Open);
        first.Close();
        first.Close();
        Assert.Equal(0, budget.Open);
    }

    /// <summary>Who does not know of pipes sends the block as any other memory, and who asks for its memory gets the bytes.</summary>
    [Fact]
    public async Task Block_is_memory_to_whoever_does_not_know_better()
    {
        using var source = await SocketPair.CreateAsync(unix: true);
        using var target = await SocketPair.CreateAsync(unix: false);
        var pipe = KernelPipe.Create(null)!;
        var sent = Random.Shared.GetItems<byte>([1, 2, 3, 4, 5], 30_000);
        await source.Far.SendAsync(sent);
        Assert.Equal(sent.Length, await FilledAsync(pipe, source.Near, 1 << 20));
        Assert.True(KernelPipe.TryFind(pipe.Block[7..], out var found, out var start));
        Assert.Same(pipe, found);
        Assert.Equal(7, start);
        await target.Near.SendAsync(pipe.Block);
        var received = new byte[sent.Length];
        await ReceiveAsync(target.Far, received);
        Assert.Equal(sent, received);
        Assert.Equal(sent, pipe.Block.ToArray());
        Assert.False(KernelPipe.TryFind(pipe.Block, out _, out _));
        pipe.Close();
    }

    private enum Step
    {
        Move,
        Read,
        Look,
    }

    /// <summary>Random blocks, each taken in random parts in random ways, to a socket that is read at the same time.</summary>
    [Fact]
    public async Task Every_byte_is_taken_once_and_in_order_in_whatever_way()
    {
        var parts = Gen.Select(Gen.Enum<Step>(), Gen.OneOf(Gen.Int[1, 5000], Gen.Int[1, 200_000])).Array[1, 6];
        await Gen.Select(Gen.Int[1, 250_000].Array[1, 4], parts, Gen.Bool, Gen.Bool).SampleAsync(async (blocks, steps, unixIn, unixOut) =>
        {
            using var source = await SocketPair.CreateAsync(unixIn);
            using var target = await SocketPair.CreateAsync(unixOut);
            var all = new byte[blocks.Sum()];
            Random.Shared.NextBytes(all);
            var received = new byte[all.Length];
            var receiving = ReceiveAsync(target.Far, received);
            var sending = SendAsync(source.Far, all);
            var pipe = KernelPipe.Create(null)!;
            for (var taken = 0; taken < all.Length;)
            {
                var length = await FilledAsync(pipe, source.Near, all.Length - taken);
                var block = pipe.Block;
                for (var (at, i) = (0, 0); at < length; i++)
                {
                    var (step, size) = steps[i % steps.Length];
                    var part = block.Slice(at, Math.Min(size, length - at));
                    if (step == Step.Look) Assert.True(part.Span.SequenceEqual(all.AsSpan(taken + at, part.Length)));
                    var moved = KernelPipe.TryFind(part, out var found, out var start) && step == Step.Move
                        ? found.Empty(target.Near.SafeHandle, start, part.Length) : 0;
                    if (moved == 0)
                    {
                        var copy = new byte[part.Length];
                        if (found is not null && KernelPipe.TryFind(part, out found, out start)) found.Read(start, copy);
                        else part.CopyTo(copy);
                        await SendAsync(target.Near, copy);
                        moved = copy.Length;
                    }
                    at += moved;
                }
                taken += length;
            }
            await sending;
            await receiving;
            Assert.True(received.AsSpan().SequenceEqual(all));
            pipe.Close();
        }, iter: 40, threads: 2);
    }

    private static async Task<int> FilledAsync(KernelPipe pipe, Socket from, long most)
    {
        while (true)
        {
            if (pipe.Fill(from.SafeHandle, most) is { } count) return count;
            await from.ReceiveAsync(Memory<byte>.Empty).AsTask().WaitAsync(Limit);
        }
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Limit)..];
    }

    private static async Task ReceiveAsync(Socket socket, Memory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes).AsTask().WaitAsync(Limit);
            Assert.NotEqual(0, count);
            bytes = bytes[count..];
        }
    }
}
