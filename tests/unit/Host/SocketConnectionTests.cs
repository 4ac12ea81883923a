using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Connections;
using Xunit;
using static DaemonProxy.Tests.Host.ClientBytes;

namespace DaemonProxy.Tests.Host;

/// <summary>What Kestrel expects of a connection, and what one costs: blocks follow what arrives, and a connection that waits has none.</summary>
public sealed class SocketConnectionTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly CountingPool _pool = new();
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SocketConnection? _connection;

    private PipeReader Input => _connection!.Transport.Input;

    [Fact]
    public async Task Small_request_takes_a_small_block_and_a_waiting_connection_none()
    {
        await ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await WaitUntilAsync(() => _pool.Rented == 0);
            await _client.SendAsync(Bytes(200));
            var read = await Input.ReadAsync().AsTask().WaitAsync(Limit);
            Assert.Equal(200, read.Buffer.Length);
            Assert.Equal(1, _pool.Rented);
            Input.AdvanceTo(read.Buffer.End);
        }
        Assert.Equal(0, _pool.Refused);
    }

    /// <summary>Sizes around the room that a waiting connection has, which grows; each request arrives before the next one is sent.</summary>
    [Fact]
    public async Task Requests_of_any_size_are_each_given_at_once()
    {
        await ConnectAsync();
        int[] sizes = [1, 255, 256, 257, 256, 511, 512, 513, 512, 1023, 1024, 1025, 1, 4095, 4096, 4097, 1024, 2048, 3];
        foreach (var size in sizes)
        {
            var sent = Bytes(size);
            await _client.SendAsync(sent);
            var received = await Input.ReadAtLeastAsync(size).AsTask().WaitAsync(Limit);
            AssertSame(sent, received.Buffer.ToArray());
            Input.AdvanceTo(received.Buffer.End);
        }
        await WaitUntilAsync(() => _pool.Rented == 0);
    }

    [Fact]
    public async Task Much_that_has_arrived_is_received_in_large_blocks()
    {
        var sent = Bytes(1_000_000);
        Task? sending = null;
        await ConnectAsync(async socket =>
        {
            sending = SendAsync(sent);
            await WaitUntilAsync(() => socket.Available >= 4096 + SocketConnection.LargestReceive);
        });
        var received = new ArrayBufferWriter<byte>();
        var largest = 0;
        while (received.WrittenCount < sent.Length)
        {
            var read = await Input.ReadAsync().AsTask().WaitAsync(Limit);
            foreach (var block in read.Buffer)
            {
                received.Write(block.Span);
                largest = Math.Max(largest, block.Length);
            }
            Input.AdvanceTo(read.Buffer.End);
        }
        await sending!;
        AssertSame(sent, received.WrittenSpan.ToArray());
        Assert.Equal(SocketConnection.LargestReceive, largest);
        await WaitUntilAsync(() => _pool.Rented == 0);
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(4096 + 65_536)]
    [InlineData(4096 + 65_537)]
    public async Task What_ends_at_a_block_is_given_at_once_and_the_end_after_it(int size)
    {
        var sent = Bytes(size);
        await ConnectAsync(async socket =>
        {
            await SendAsync(sent);
            await WaitUntilAsync(() => socket.Available == size);
        });
        var received = await Input.ReadAtLeastAsync(size).AsTask().WaitAsync(Limit);
        AssertSame(sent, received.Buffer.ToArray());
        Input.AdvanceTo(received.Buffer.End);
        _client.Shutdown(SocketShutdown.Send);
        var end = await Input.ReadAsync().AsTask().WaitAsync(Limit);
        Assert.True(end.IsCompleted && end.Buffer.IsEmpty);
        await WaitUntilAsync(() => _connection!.ConnectionClosed.IsCancellationRequested);
    }

    [Fact]
    public async Task Client_is_held_up_while_nobody_reads()
    {
        await ConnectAsync(input: new PipeOptions(_pool, PipeScheduler.Inline, PipeScheduler.Inline, 100_000, 50_000, -1, false));
        var sending = SendAsync(Bytes(20_000_000));
        await WaitUntilAsync(() => _connection!.Socket.Available > 0 && Input.TryRead(out var read) && Examine(read) >= 100_000);
        Assert.False(sending.IsCompleted);
        // It goes on when the connection ends, however it ends.
        await _connection!.DisposeAsync().AsTask().WaitAsync(Limit);
        await Assert.ThrowsAsync<SocketException>(() => sending.WaitAsync(Limit));

        long Examine(ReadResult read)
        {
            Input.AdvanceTo(read.Buffer.Start);
            return read.Buffer.Length;
        }
    }

    [Fact]
    public async Task Reset_of_the_clients_is_told_as_one()
    {
        await ConnectAsync();
        _client.LingerState = new LingerOption(enable: true, seconds: 0);
        _client.Dispose();
        await Assert.ThrowsAsync<ConnectionResetException>(() => Input.ReadAsync().AsTask().WaitAsync(Limit));
        await WaitUntilAsync(() => _connection!.ConnectionClosed.IsCancellationRequested);
    }

    [Fact]
    public async Task Abort_resets_the_client_and_gives_the_reason_to_the_reader()
    {
        await ConnectAsync();
        var reason = new ConnectionAbortedException("enough");
        _connection!.Abort(reason);
        var failure = await Assert.ThrowsAsync<ConnectionAbortedException>(() => Input.ReadAsync().AsTask().WaitAsync(Limit));
        Assert.Equal("enough", failure.Message);
        var reset = await Assert.ThrowsAsync<SocketException>(() => _client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    private async Task ConnectAsync(Func<Socket, Task>? before = null, PipeOptions? input = null)
    {
        // Room for two blocks: the system lets the window grow only while somebody reads.
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 200_000 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _client.ConnectAsync(listener.LocalEndPoint!);
        var socket = await listener.AcceptAsync();
        if (before is not null) await before(socket);
        _connection = new(
            socket, "1", input ?? new PipeOptions(_pool, PipeScheduler.Inline, PipeScheduler.Inline, 1 << 20, 1 << 19, -1, false),
            isPlain: true);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty) data = data[await _client.SendAsync(data)..];
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition()) await Task.Delay(1, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_connection is not null) await _connection.DisposeAsync();
        _pool.Dispose();
    }

    /// <summary>Blocks of 4 KiB, as Kestrel's pool has them, counted.</summary>
    private sealed class CountingPool : MemoryPool<byte>
    {
        private int _rented;

        public int Rented => Volatile.Read(ref _rented);

        public int Refused { get; private set; }

        public override int MaxBufferSize => 4096;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            if (minBufferSize > MaxBufferSize) Refused++;
            Interlocked.Increment(ref _rented);
            return new Block(this);
        }

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Block(CountingPool pool) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = new byte[4096];

            public void Dispose() => Interlocked.Decrement(ref pool._rented);
        }
    }
}
