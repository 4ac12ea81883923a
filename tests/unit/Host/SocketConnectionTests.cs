using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Connections;
using Xunit;
using static DaemonProxy.Tests.Host.ClientBytes;

namespace DaemonProxy.Tests.Host;

/// <summary>What Kestrel expects of a connection, and blocks that follow what arrives.</summary>
public sealed class SocketConnectionTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SocketConnection? _connection;

    private PipeReader Input => _connection!.Transport.Input;

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
    }

    [Fact]
    public async Task Much_that_has_arrived_is_received_in_large_blocks()
    {
        var sent = Bytes(1_000_000);
        Task? sending = null;
        await ConnectAsync(async socket =>
        {
            sending = SendAsync(sent);
            await WaitUntilAsync(() => socket.Available >= 4096 + ClientSocketReader.LargestReceive);
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
        Assert.Equal(ClientSocketReader.LargestReceive, largest);
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
        await ConnectAsync();
        var sending = SendAsync(Bytes(20_000_000));
        await Input.ReadAtLeastAsync(1000).AsTask().WaitAsync(Limit);
        await WaitUntilAsync(() => _connection!.Socket.Available >= 100_000);
        Assert.False(sending.IsCompleted);
        // It goes on when the connection ends, however it ends.
        await _connection!.DisposeAsync().AsTask().WaitAsync(Limit);
        await Assert.ThrowsAsync<SocketException>(() => sending.WaitAsync(Limit));
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

    private async Task ConnectAsync(Func<Socket, Task>? before = null)
    {
        // Room for two blocks: the system lets the window grow only while somebody reads.
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 200_000 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _client.ConnectAsync(listener.LocalEndPoint!);
        var socket = await listener.AcceptAsync();
        if (before is not null) await before(socket);
        _connection = new(socket, "1", MemoryPool<byte>.Shared, null, isPlain: true);
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
    }
}
