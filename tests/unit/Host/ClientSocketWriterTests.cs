using System.Buffers;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using DaemonProxy.Host.Hosting;
using Xunit;
using static DaemonProxy.Tests.Host.ClientBytes;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// What Kestrel and the output filter expect of the writer at a client's socket: order, whole sends, who owns which memory when, and how it
/// ends.
/// </summary>
public sealed class ClientSocketWriterTests
{
    // Around the least room that is given out, and the smallest and larger buffers.
    private static readonly int[] Edges = [255, 256, 257, 767, 768, 769, 1023, 1024, 1025, 4096, 16_384, 65_536];

    [Fact]
    public async Task Nothing_leaves_before_a_flush_and_everything_by_it()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(500));
        Assert.Equal(500, connection.Writer.UnflushedBytes);
        Assert.False(connection.Client.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead));
        var flush = connection.Writer.FlushAsync();
        Assert.True(flush.IsCompletedSuccessfully);
        Assert.False((await flush).IsCompleted);
        Assert.False((await flush).IsCanceled);
        Assert.Equal(0, connection.Writer.UnflushedBytes);
        AssertSame(Bytes(500), await connection.ReadAsync(500));
    }

    [Fact]
    public async Task Flush_of_nothing_ends_at_once_and_sends_nothing()
    {
        await using var connection = await ClientConnection.CreateAsync();
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);
        Assert.False(connection.Client.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead));
    }

    /// <summary>
    /// Random series of writes, loans and flushes, read by a client that now and then is slow: the bytes of a plain list, in its order.
    /// </summary>
    [Fact]
    public async Task Client_gets_every_byte_once_and_in_order_whatever_is_written_lent_and_flushed()
    {
        var sizes = Gen.OneOf(Gen.Int[1, 300], Gen.Int[0, Edges.Length - 1].Select(edge => Edges[edge]), Gen.Int[1, 200_000]);
        var steps = Gen.Select(Gen.Enum<Step>(), sizes).Array[1, 12];
        await Gen.Select(steps, Gen.Int).SampleAsync(async (series, seed) =>
        {
            await using var connection = await ClientConnection.CreateAsync();
            var expected = new List<byte>();
            foreach (var (step, size) in series)
                if (step is not (Step.Flush or Step.LendAndTakeBack)) expected.AddRange(Bytes(size, seed + size));
            var reading = connection.ReadAsync(expected.Count);
            foreach (var (step, size) in series)
            {
                var block = Bytes(size, seed + size);
                switch (step)
                {
                    case Step.Write:
                        connection.Writer.Write(block);
                        break;
                    case Step.WriteInOne:
                        block.CopyTo(connection.Writer.GetSpan(size));
                        connection.Writer.Advance(size);
                        break;
                    case Step.Lend:
                        var before = (byte[])block.Clone();
                        await LendAsync(connection, block);
                        AssertSame(before, block);
                        // It is its owner's again: whatever becomes of it now, nobody sends it.
                        Array.Clear(block);
                        break;
                    case Step.LendAndTakeBack:
                        connection.Lender.Lend(block);
                        _ = connection.Writer.GetMemory(size);
                        connection.Lender.Lend(default);
                        break;
                    default:
                        await connection.Writer.FlushAsync();
                        break;
                }
            }
            await connection.Writer.FlushAsync();
            AssertSame([.. expected], await reading);
            Assert.Equal(0, connection.Client.Available);
            Assert.Empty(connection.Aborts);
        }, iter: 60, threads: 2);
    }

    private enum Step
    {
        Write,
        WriteInOne,
        Lend,
        LendAndTakeBack,
        Flush,
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Flush_waits_until_the_client_has_made_room_for_all_of_it(bool lent)
    {
        await using var connection = await ClientConnection.CreateAsync();
        var much = Bytes(Much);
        if (lent) connection.Lender.Lend(much);
        if (lent) connection.Writer.Advance(much.Length);
        else connection.Writer.Write(much);
        var flush = connection.Writer.FlushAsync().AsTask();
        var half = await connection.ReadAsync(Much / 4);
        Assert.False(flush.IsCompleted);
        var rest = await connection.ReadAsync(Much - half.Length);
        Assert.False((await flush.WaitAsync(ClientConnection.Limit)).IsCompleted);
        AssertSame(much, [.. half, .. rest]);
        // And the connection is as good as before.
        connection.Writer.Write(Bytes(10));
        Assert.False((await connection.Writer.FlushAsync()).IsCompleted);
        AssertSame(Bytes(10), await connection.ReadAsync(10));
    }

    [Fact]
    public async Task Token_and_cancelled_flush_end_no_send_halfway()
    {
        await using var connection = await ClientConnection.CreateAsync();
        using var cancelled = new CancellationTokenSource();
        connection.Writer.Write(Bytes(Much));
        var flush = connection.Writer.FlushAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        connection.Writer.CancelPendingFlush();
        AssertSame(Bytes(Much), await connection.ReadAsync(Much));
        Assert.False((await flush.WaitAsync(ClientConnection.Limit)).IsCanceled);
        connection.Writer.Write(Bytes(10));
        Assert.False((await connection.Writer.FlushAsync(cancelled.Token)).IsCanceled);
        AssertSame(Bytes(10), await connection.ReadAsync(10));
    }

    /// <summary>How a connection ends under a send that waits: by the client, by the server, by who lent a block.</summary>
    [Theory]
    [InlineData("reset")]
    [InlineData("aborted by the lender")]
    [InlineData("socket disposed")]
    [InlineData("shut down")]
    public async Task Flush_that_waits_ends_as_completed_when_the_connection_ends(string how)
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(1000));
        var block = Bytes(Much);
        connection.Writer.GetMemory(1);
        connection.Lender.Lend(block);
        connection.Writer.Advance(block.Length);
        var flush = connection.Writer.FlushAsync().AsTask();
        await connection.ReadAsync(1000);
        Assert.False(flush.IsCompleted);
        switch (how)
        {
            case "reset": connection.Reset(); break;
            case "aborted by the lender": connection.Lender.Abort(); break;
            case "socket disposed": connection.Server.Dispose(); break;
            default: connection.Server.Shutdown(SocketShutdown.Both); break;
        }
        Assert.True((await flush.WaitAsync(ClientConnection.Limit)).IsCompleted);
        Assert.Contains(
            connection.Aborts, reason => reason.Message == "the client has left"
            && reason.InnerException is SocketException or ObjectDisposedException);
        // Nothing of it is left: neither bytes nor the block.
        Assert.Equal(0, connection.Writer.UnflushedBytes);
        Assert.NotSame(block, ArrayOf(connection.Writer.GetMemory(block.Length)));
    }

    [Fact]
    public async Task Once_the_client_has_left_each_flush_says_so_and_sends_nothing()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Reset();
        var ended = false;
        // The reset may be on its way; the socket takes some until it is there.
        for (var i = 0; i < 10_000 && !ended; i++)
        {
            connection.Writer.Write(Bytes(1000));
            ended = (await connection.Writer.FlushAsync().AsTask().WaitAsync(ClientConnection.Limit)).IsCompleted;
        }
        Assert.True(ended);
        Assert.Equal("the client has left", Assert.Single(connection.Aborts).Message);
        var taken = connection.Lender.Taken;
        for (var i = 0; i < 3; i++)
        {
            connection.Writer.Write(Bytes(1000));
            var flush = connection.Writer.FlushAsync();
            Assert.True(flush.IsCompletedSuccessfully);
            Assert.True((await flush).IsCompleted);
            Assert.Equal(0, connection.Writer.UnflushedBytes);
        }
        // One end, told once.
        Assert.Single(connection.Aborts);
        Assert.Equal(taken, connection.Lender.Taken);
    }

    [Fact]
    public async Task Completion_sends_what_was_written_before_the_transport_hears_of_it()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(Much));
        await connection.Writer.CompleteAsync();
        Assert.False(connection.Completed.IsCompleted);
        AssertSame(Bytes(Much), await connection.ReadAsync(Much));
        Assert.Null(await connection.Completed.WaitAsync(ClientConnection.Limit));
    }

    [Fact]
    public async Task Completion_waits_for_the_flush_that_is_under_way()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(Much));
        var flush = connection.Writer.FlushAsync().AsTask();
        var reason = new IOException("the application failed");
        connection.Writer.Complete(reason);
        Assert.False(connection.Completed.IsCompleted);
        AssertSame(Bytes(Much), await connection.ReadAsync(Much));
        await flush.WaitAsync(ClientConnection.Limit);
        Assert.Same(reason, await connection.Completed.WaitAsync(ClientConnection.Limit));
    }

    [Fact]
    public async Task Completion_by_a_failure_sends_nothing_more()
    {
        await using var connection = await ClientConnection.CreateAsync();
        var reason = new IOException("the application failed");
        connection.Writer.Write(Bytes(100));
        connection.Writer.Complete(reason);
        Assert.Same(reason, await connection.Completed);
        connection.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await connection.Client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task Completion_after_the_client_has_left_is_heard_all_the_same()
    {
        await using var connection = await ClientConnection.CreateAsync();
        connection.Writer.Write(Bytes(Much));
        var flush = connection.Writer.FlushAsync().AsTask();
        connection.Writer.Complete();
        connection.Reset();
        Assert.True((await flush.WaitAsync(ClientConnection.Limit)).IsCompleted);
        Assert.Null(await connection.Completed.WaitAsync(ClientConnection.Limit));
    }

    [Fact]
    public async Task Kestrel_can_ask_what_a_response_has_waiting()
    {
        await using var connection = await ClientConnection.CreateAsync();
        Assert.True(connection.Writer.CanGetUnflushedBytes);
    }

    /// <summary>
    /// With the connection that serves: it closes the socket once its output is completed, and not before the client has all.
    /// </summary>
    [Fact]
    public async Task Connection_closes_the_socket_after_the_last_byte()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 1 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1 };
        await client.ConnectAsync(listener.LocalEndPoint!);
        await using var connection = new SocketConnection(await listener.AcceptAsync(), "1", MemoryPool<byte>.Shared, null, isPlain: true);
        connection.Transport.Output.Write(Bytes(Much));
        await connection.Transport.Output.CompleteAsync();
        await connection.Transport.Input.CompleteAsync();
        using var limit = new CancellationTokenSource(ClientConnection.Limit);
        var got = new byte[Much];
        for (var at = 0; at < Much;)
        {
            var read = await client.ReceiveAsync(got.AsMemory(at), limit.Token);
            Assert.True(read > 0, $"the connection ended after {at} bytes");
            at += read;
        }
        AssertSame(Bytes(Much), got);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], limit.Token));
    }
}
