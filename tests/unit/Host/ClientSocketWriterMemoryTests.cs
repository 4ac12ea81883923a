using System.Buffers;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static DaemonProxy.Tests.Host.ClientBytes;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// Whose memory is whose at the writer to a client's socket, and when: buffers from the pool, lent blocks, and how much of them the client
/// has taken.
/// </summary>
public sealed class ClientSocketWriterMemoryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(100_000)]
    public async Task Memory_has_the_room_that_was_asked_for_whatever_was_written_before(int hint)
    {
        await using var connection = await ClientConnection.CreateAsync();
        var written = new List<byte>();
        foreach (var before in new[] { 0, 1, 255, 767, 768, 769, 1024, 4096 })
        {
            connection.Writer.Write(Bytes(before, before));
            written.AddRange(Bytes(before, before));
            Assert.True(connection.Writer.GetMemory(hint).Length >= Math.Max(1, hint));
            Assert.True(connection.Writer.GetSpan(hint).Length >= Math.Max(1, hint));
        }
        // What was given out and not advanced over is not sent.
        Assert.Equal(written.Count, connection.Writer.UnflushedBytes);
        var flush = connection.Writer.FlushAsync().AsTask();
        AssertSame([.. written], await connection.ReadAsync(written.Count));
        await flush;
    }

    [Fact]
    public async Task Buffer_goes_back_to_the_pool_with_the_flush_and_once()
    {
        await using var connection = await ClientConnection.CreateAsync();
        // No await from here on: the pool keeps for a thread what this one returned last.
        var buffer = ArrayOf(connection.Writer.GetMemory());
        connection.Writer.Advance(10);
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);
        var (first, second) = (ArrayPool<byte>.Shared.Rent(buffer.Length), ArrayPool<byte>.Shared.Rent(buffer.Length));
        Assert.Same(buffer, first);
        Assert.NotSame(first, second);
        // The next write is not into what others have now.
        Assert.NotSame(buffer, ArrayOf(connection.Writer.GetMemory()));
    }

    [Fact]
    public async Task Buffer_that_got_too_small_goes_back_to_the_pool_and_its_bytes_into_the_larger_one()
    {
        await using var connection = await ClientConnection.CreateAsync();
        var small = ArrayOf(connection.Writer.GetMemory());
        Bytes(600).CopyTo(connection.Writer.GetSpan());
        connection.Writer.Advance(600);
        var large = ArrayOf(connection.Writer.GetMemory(5000));
        Assert.NotSame(small, large);
        var (first, second) = (ArrayPool<byte>.Shared.Rent(small.Length), ArrayPool<byte>.Shared.Rent(small.Length));
        Assert.Same(small, first);
        Assert.NotSame(first, second);
        first.AsSpan().Clear();
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);
        AssertSame(Bytes(600), await connection.ReadAsync(600));
    }

    [Fact]
    public async Task Buffer_is_nobody_elses_while_its_send_waits()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(Much));
        var flush = connection.Writer.FlushAsync().AsTask();
        Assert.False(flush.IsCompleted);
        // Whatever the pool gives out meanwhile, it is not what is being sent.
        var others = new List<byte[]>();
        for (var size = 1024; size <= 2 * Much; size *= 2) others.AddRange(
            Enumerable.Range(0, 4).Select(_ => ArrayPool<byte>.Shared.Rent(size)));
        others.ForEach(other => other.AsSpan().Fill(0xee));
        AssertSame(Bytes(Much), await connection.ReadAsync(Much));
        await flush;
    }

    [Fact]
    public async Task Loan_ends_with_its_flush_and_what_was_written_before_goes_before()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write("head"u8);
        var block = Bytes(2000);
        connection.Lender.Lend(block);
        Assert.Equal(4, connection.Writer.UnflushedBytes);
        Assert.Same(block, ArrayOf(connection.Writer.GetMemory(block.Length)));
        connection.Writer.Advance(block.Length);
        Assert.Equal(2004, connection.Writer.UnflushedBytes);
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);
        Assert.NotSame(block, ArrayOf(connection.Writer.GetMemory(block.Length)));
        AssertSame([.. "head"u8, .. block], await connection.ReadAsync(2004));
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);
        Assert.Equal(0, connection.Client.Available);
    }

    [Fact]
    public async Task Bytes_taken_grow_while_a_slow_client_takes_a_block_bit_by_bit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux says how far a send is");
        await using var connection = await ClientConnection.CreateAsync();
        var sending = LendAsync(connection, Bytes(Much));
        for (var i = 0; i < 4; i++)
        {
            var before = connection.Lender.Taken;
            await connection.ReadAsync(Much / 8);
            // What is acknowledged is known a moment after it was read.
            for (var polls = 0; polls < 1000 && connection.Lender.Taken == before; polls++) await Task.Delay(1);
            Assert.True(connection.Lender.Taken > before);
            Assert.False(sending.IsCompleted);
        }
        Assert.InRange(connection.Lender.Taken, Much * 3 / 8, Much - 1);
    }

    [Fact]
    public async Task Bytes_taken_are_those_of_whole_sends_where_the_system_does_not_say_more()
    {
        await using var connection = await ClientConnection.CreateUnixAsync();
        connection.Writer.Write(Bytes(300));
        await connection.Writer.FlushAsync();
        await LendAsync(connection, Bytes(700));
        Assert.Equal(1000, connection.Lender.Taken);
        connection.Lender.Abort();
        // A connection that is gone has taken what it has taken.
        Assert.Equal(1000, connection.Lender.Taken);
    }

    [Fact]
    public async Task Flush_that_the_system_takes_at_once_allocates_nothing()
    {
        await using var connection = await ClientConnection.CreateAsync();
        var (block, got) = (Bytes(500), new byte[1000]);
        long allocated = 0;
        for (var i = 0; i < 400; i++)
        {
            if (i == 200) allocated = GC.GetAllocatedBytesForCurrentThread();
            block.CopyTo(connection.Writer.GetSpan(500));
            connection.Writer.Advance(500);
            connection.Lender.Lend(block);
            _ = connection.Writer.GetMemory(500);
            connection.Writer.Advance(500);
            if (!connection.Writer.FlushAsync().IsCompletedSuccessfully) Assert.Fail("the client had read everything before");
            for (var at = 0; at < 1000;) at += connection.Client.Receive(got.AsSpan(at));
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    /// <summary>
    /// The output filter over it: a client that reads nothing is broken off after the write timeout, and the block is its owner's again.
    /// </summary>
    [Fact]
    public async Task Client_that_takes_nothing_is_broken_off_after_the_timeout_and_the_block_is_free()
    {
        await using var connection = await ClientConnection.CreateAsync();
        var time = new FakeTimeProvider();
        using var output = new CoreOutput(
            WriterFeatures.ClientOf(connection.Writer, lender: connection.Lender), TimeSpan.FromSeconds(60), time);
        await output.WriteAsync(Bytes(100), Marker.Flush, default);
        var write = output.WriteAsync(Bytes(Much), Marker.None, default).AsTask();
        // The system takes some into its buffers after the call: until it has, the client does take something.
        for (var before = -1L; before != connection.Lender.Taken;)
        {
            before = connection.Lender.Taken;
            await Task.Delay(20);
        }
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(write.IsCompleted);
        for (var i = 0; i < 3 && connection.Aborts.Count == 0; i++) time.Advance(TimeSpan.FromSeconds(60));
        Assert.Same(EventCatalogue.ClientWriteTimeout,
            (await Assert.ThrowsAsync<BrokenResponseException>(() => write.WaitAsync(ClientConnection.Limit))).Reason);
        Assert.NotEmpty(connection.Aborts);
        Assert.Equal(0, connection.Writer.UnflushedBytes);
    }

    [Fact]
    public async Task Request_that_is_given_up_has_its_block_back_before_it_ends()
    {
        await using var connection = await ClientConnection.CreateAsync();
        using var output = new CoreOutput(
            WriterFeatures.ClientOf(connection.Writer, lender: connection.Lender), TimeSpan.FromSeconds(60), new FakeTimeProvider());
        using var gone = new CancellationTokenSource();
        await output.WriteAsync(Bytes(100), Marker.Flush, default);
        var write = output.WriteAsync(Bytes(Much), Marker.None, gone.Token).AsTask();
        Assert.False(write.IsCompleted);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(ClientConnection.Limit));
        Assert.NotEmpty(connection.Aborts);
        Assert.Equal(0, connection.Writer.UnflushedBytes);
    }
}
