using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Host.Hosting;
using Xunit;
using static DaemonProxy.Tests.Host.ClientBytes;

namespace DaemonProxy.Tests.Host;

/// <summary>The reader beside a pipe: whatever is sent, consumed, examined, cancelled and ended, in any order and by any thread.</summary>
public sealed class ClientSocketReaderTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Socket _client = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket _socket = null!;
    private ClientSocketReader _reader = null!;

    public async ValueTask InitializeAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _client.ConnectAsync(listener.LocalEndPoint!);
        _socket = await listener.AcceptAsync();
        _reader = new(_socket, null, () => _ended.TrySetResult());
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _socket.Dispose();
        return default;
    }

    /// <summary>Parts of any size, each consumed in part and examined in part.</summary>
    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 3_000)]
    [InlineData(3, 100_000)]
    [InlineData(4, 1_000_000)]
    [InlineData(5, 40)]
    [InlineData(6, 20_000)]
    public async Task Every_byte_is_given_once_and_in_order(int seed, int largest)
    {
        var random = new Random(seed);
        var sent = Bytes(3_000_000 + largest);
        var sending = Task.Run(async () =>
        {
            var parts = new Random(seed + 100);
            for (var at = 0; at < sent.Length;)
            {
                var end = Math.Min(sent.Length, at + parts.Next(1, largest));
                while (at < end) at += await _client.SendAsync(sent.AsMemory(at, end - at));
                if (parts.Next(50) == 0) await Task.Yield();
            }
            _client.Shutdown(SocketShutdown.Send);
        });
        var got = 0;
        while (true)
        {
            if (random.Next(20) == 0) _reader.CancelPendingRead();
            var read = await _reader.ReadAsync().AsTask().WaitAsync(Limit);
            AssertSame(sent[got..(got + (int)read.Buffer.Length)], read.Buffer.ToArray());
            if (read.IsCompleted && read.Buffer.Length + got == sent.Length) break;
            var consumed = random.Next(3) switch { 0 => 0, 1 => read.Buffer.Length, _ => random.NextInt64(read.Buffer.Length + 1) };
            if (read.Buffer.Length - consumed > 300_000) consumed = read.Buffer.Length;
            got += (int)consumed;
            var examined = random.Next(2) == 0 ? read.Buffer.Length : random.NextInt64(consumed, read.Buffer.Length + 1);
            _reader.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.GetPosition(examined));
            if (random.Next(40) == 0) await Task.Yield();
        }
        await sending;
        await _ended.Task.WaitAsync(Limit);
    }

    [Fact]
    public async Task What_has_been_examined_is_not_given_again_before_more_comes()
    {
        await _client.SendAsync("GET / HT"u8.ToArray());
        var read = await _reader.ReadAsync();
        _reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        var more = _reader.ReadAsync();
        Assert.False(more.IsCompleted);
        Assert.False(_reader.TryRead(out _));
        await _client.SendAsync("TP/1.1\r\n"u8.ToArray());
        read = await more.AsTask().WaitAsync(Limit);
        Assert.Equal("GET / HTTP/1.1\r\n"u8.ToArray(), read.Buffer.ToArray());
        _reader.AdvanceTo(read.Buffer.End);
    }

    /// <summary>Byte by byte, of a client whose earlier requests were larger: the memory follows the bytes, and not the segments.</summary>
    [Fact]
    public async Task Trickle_fills_blocks()
    {
        foreach (var size in new[] { 600, 1200 })
        {
            await _client.SendAsync(Bytes(size));
            var large = await _reader.ReadAtLeastAsync(size).AsTask().WaitAsync(Limit);
            _reader.AdvanceTo(large.Buffer.End);
        }
        var sent = Bytes(3_000);
        ReadResult read = default;
        for (var i = 0; i < sent.Length; i++)
        {
            await _client.SendAsync(sent.AsMemory(i, 1));
            read = await _reader.ReadAsync().AsTask().WaitAsync(Limit);
            if (i < sent.Length - 1) _reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        AssertSame(sent, read.Buffer.ToArray());
        var blocks = 0;
        foreach (var _ in read.Buffer) blocks++;
        Assert.InRange(blocks, 1, 8);
    }

    /// <summary>A limit of uploads looks at what has arrived at every turn, and takes little of it.</summary>
    [Fact]
    public async Task What_is_looked_at_but_not_taken_is_bounded()
    {
        const int Largest = ClientSocketReader.LargestLead + (2 * ClientSocketReader.LargestReceive);
        var sending = Task.CompletedTask;
        for (var i = 0; i < 300; i++)
        {
            if (sending.IsCompleted) sending = _client.SendAsync(new byte[16_384]);
            var read = await _reader.ReadAsync().AsTask().WaitAsync(Limit);
            Assert.InRange(read.Buffer.Length, 1, Largest);
            var taken = read.Buffer.GetPosition(Math.Min(1024, read.Buffer.Length));
            _reader.AdvanceTo(taken, taken);
            // What has been sent is received meanwhile, unless there is too much already.
            for (var j = 0; j < 100 && _socket.Available > 0; j++) await Task.Yield();
        }
        _client.Dispose();
        await Task.WhenAny(sending);
    }

    [Fact]
    public async Task Client_that_leaves_is_noticed_while_its_request_is_being_served()
    {
        var first = _reader.ReadAsync();
        await _client.SendAsync(Bytes(100));
        var read = await first.AsTask().WaitAsync(Limit);
        _reader.AdvanceTo(read.Buffer.End);
        _client.Dispose();
        await _ended.Task.WaitAsync(Limit);
        Assert.True((await _reader.ReadAsync()).IsCompleted);
    }

    [Fact]
    public async Task Client_that_leaves_is_noticed_after_a_large_body_that_was_there_already()
    {
        await _client.SendAsync(Bytes(100_000));
        for (var left = 100_000L; left > 0;)
        {
            var read = await _reader.ReadAsync().AsTask().WaitAsync(Limit);
            left -= read.Buffer.Length;
            _reader.AdvanceTo(read.Buffer.End);
        }
        _client.Dispose();
        await _ended.Task.WaitAsync(Limit);
    }

    [Fact]
    public async Task Read_is_cancelled_by_its_token_and_the_next_one_goes_on()
    {
        for (var i = 0; i < 50; i++)
        {
            using var token = new CancellationTokenSource();
            var read = _reader.ReadAsync(token.Token);
            await token.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.AsTask().WaitAsync(Limit));
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _reader.ReadAsync(new CancellationToken(true)).AsTask());
        await _client.SendAsync(Bytes(10));
        Assert.Equal(10, (await _reader.ReadAsync().AsTask().WaitAsync(Limit)).Buffer.Length);
    }

    /// <summary>Bytes, cancellations and tokens come by three threads at once; none is lost and none wakes the reader for nothing.</summary>
    [Fact]
    public async Task Cancellations_by_other_threads_lose_nothing()
    {
        const int Count = 20_000;
        var sending = Task.Run(() =>
        {
            for (var i = 0; i < Count; i++) _client.Send([(byte)i]);
            _client.Shutdown(SocketShutdown.Send);
        });
        using var stop = new CancellationTokenSource();
        var cancelling = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _reader.CancelPendingRead();
                Thread.SpinWait(200);
            }
        });
        var got = 0;
        while (true)
        {
            using var token = new CancellationTokenSource();
            var reading = _reader.ReadAsync(token.Token);
            if (got % 7 == 0) _ = Task.Run(token.Cancel);
            ReadResult read;
            try { read = await reading.AsTask().WaitAsync(Limit); }
            catch (OperationCanceledException) { continue; }
            Assert.True(read.IsCanceled || read.IsCompleted || !read.Buffer.IsEmpty);
            foreach (var block in read.Buffer)
                foreach (var value in block.Span) Assert.Equal((byte)got++, value);
            if (!read.Buffer.IsEmpty) _reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        await stop.CancelAsync();
        await Task.WhenAll(sending, cancelling).WaitAsync(Limit);
        Assert.Equal(Count, got);
    }

    [Fact]
    public async Task Position_of_another_read_is_refused()
    {
        await _client.SendAsync(Bytes(10));
        await _reader.ReadAsync();
        var other = new ReadOnlySequence<byte>(Bytes(10));
        Assert.Throws<InvalidOperationException>(() => _reader.AdvanceTo(other.End));
    }
}
