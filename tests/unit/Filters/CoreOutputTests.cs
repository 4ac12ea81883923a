using System.IO.Pipelines;
using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Tests.Host;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>The last room of the chain: batching, framing, and what one response may hold.</summary>
public sealed class CoreOutputTests
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(60);
    private readonly FakeTimeProvider _time = new();

    private static Pipe NewPipe(long threshold = 0) =>
        new(new PipeOptions(
            pauseWriterThreshold: threshold, resumeWriterThreshold: threshold / 2, readerScheduler: PipeScheduler.Inline,
            writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));

    private CoreOutput Output(Pipe pipe, bool chunked = false) => new(WriterFeatures.ClientOf(pipe.Writer, chunked), WriteTimeout, _time);

    private static string Take(Pipe pipe)
    {
        if (!pipe.Reader.TryRead(out var read)) return "";
        var text = Encoding.Latin1.GetString(read.Buffer);
        pipe.Reader.AdvanceTo(read.Buffer.End);
        return text;
    }

    [Fact]
    public async Task Less_than_4_KiB_waits_for_a_marker()
    {
        var pipe = NewPipe();
        using var output = Output(pipe);
        await output.WriteAsync(new byte[4095], Marker.None, default);
        Assert.Equal("", Take(pipe));
        Assert.Equal(4095, output.Held);
        await output.WriteAsync(default, Marker.Flush, default);
        Assert.Equal(4095, Take(pipe).Length);
        Assert.Equal(0, output.Held);
    }

    [Fact]
    public async Task Four_KiB_leave_at_once()
    {
        var pipe = NewPipe();
        using var output = Output(pipe);
        await output.WriteAsync(new byte[4000], Marker.None, default);
        await output.WriteAsync(new byte[96], Marker.None, default);
        Assert.Equal(4096, Take(pipe).Length);
    }

    [Fact]
    public async Task Chunks_are_framed_and_end_with_trailers()
    {
        var pipe = NewPipe();
        using var output = Output(pipe, chunked: true);
        await output.WriteAsync("hello"u8.ToArray(), Marker.Flush, default);
        await output.EndAsync(Encoding.ASCII.GetBytes(new string('x', 20)), [new("X-Sum", "1")], default);
        Assert.Equal($"5\r\nhello\r\n14\r\n{new string('x', 20)}\r\n0\r\nX-Sum: 1\r\n\r\n", Take(pipe));
    }

    [Fact]
    public async Task End_of_a_body_with_a_length_adds_nothing()
    {
        var pipe = NewPipe();
        using var output = Output(pipe);
        await output.EndAsync("hello"u8.ToArray(), [], default);
        Assert.Equal("hello", Take(pipe));
    }

    [Fact]
    public async Task One_response_holds_no_more_than_256_KiB_whatever_the_client_does()
    {
        // What Kestrel's own queue takes before it makes the writer wait.
        const long threshold = 65_536;
        var pipe = NewPipe(threshold);
        using var output = Output(pipe);
        var write = output.WriteAsync(new byte[100 << 20], Marker.None, default).AsTask();
        Assert.False(write.IsCompleted);
        Assert.True(pipe.Reader.TryRead(out var read));
        Assert.InRange(read.Buffer.Length + output.Held, 1, 262_144);
        // Reading lets it go on, and all of it comes.
        long total = 0;
        while (true)
        {
            total += read.Buffer.Length;
            Assert.InRange(read.Buffer.Length + output.Held, 0, 262_144);
            pipe.Reader.AdvanceTo(read.Buffer.End);
            if (write.IsCompleted) await pipe.Writer.CompleteAsync();
            if (read.IsCompleted) break;
            read = await pipe.Reader.ReadAsync();
        }
        await write;
        Assert.Equal(100 << 20, total);
    }

    [Fact]
    public async Task Client_that_takes_nothing_for_the_write_timeout_is_broken_off()
    {
        using var output = Output(NewPipe(1024));
        var write = output.WriteAsync(new byte[10_000], Marker.None, default).AsTask();
        _time.Advance(WriteTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(write.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Same(EventCatalogue.ClientWriteTimeout, (await Assert.ThrowsAsync<BrokenResponseException>(() => write)).Reason);
    }

    [Fact]
    public async Task Client_that_has_left_ends_the_write()
    {
        var pipe = NewPipe();
        using var output = Output(pipe);
        await pipe.Reader.CompleteAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => output.WriteAsync(new byte[5000], Marker.None, default).AsTask());
    }

    [Fact]
    public async Task Large_block_behind_the_first_write_is_sent_from_where_it_lies()
    {
        var writer = new LendingWriter();
        using var output = new CoreOutput(WriterFeatures.ClientOf(writer, lender: writer), WriteTimeout, _time);
        await output.WriteAsync(new byte[4096], Marker.None, default);
        var block = new byte[65_536];
        await output.WriteAsync(block, Marker.None, default);
        Assert.Same(block, writer.Sent[^1]);
        Assert.Equal(4096 + 65_536, output.Bytes);
        Assert.Equal(0, output.Held);
    }

    [Fact]
    public async Task Large_block_is_copied_where_the_server_keeps_it_for_later()
    {
        var writer = new LendingWriter { HasOwnMemory = true };
        using var output = new CoreOutput(WriterFeatures.ClientOf(writer, lender: writer), WriteTimeout, _time);
        await output.WriteAsync(new byte[4096], Marker.None, default);
        var block = Enumerable.Repeat((byte)7, 65_536).ToArray();
        await output.WriteAsync(block, Marker.None, default);
        Assert.NotSame(block, writer.Sent[^1]);
        Assert.Equal(block, writer.Sent[^1].AsSpan(0, block.Length));
    }

    [Fact]
    public async Task Block_that_may_still_be_sent_is_not_given_back_before_the_connection_is_broken_off()
    {
        var writer = new LendingWriter();
        using var output = new CoreOutput(WriterFeatures.ClientOf(writer, lender: writer), WriteTimeout, _time);
        await output.WriteAsync(new byte[4096], Marker.None, default);
        writer.ClientReads = false;
        var write = output.WriteAsync(new byte[65_536], Marker.None, default).AsTask();
        _time.Advance(WriteTimeout);
        Assert.True(writer.Aborted);
        Assert.False(write.IsCompleted);
        writer.EndFlush();
        Assert.Same(EventCatalogue.ClientWriteTimeout, (await Assert.ThrowsAsync<BrokenResponseException>(() => write)).Reason);
    }

    [Fact]
    public async Task Slow_client_that_takes_a_large_block_bit_by_bit_is_not_broken_off()
    {
        var writer = new LendingWriter();
        using var output = new CoreOutput(WriterFeatures.ClientOf(writer, lender: writer), WriteTimeout, _time);
        await output.WriteAsync(new byte[4096], Marker.None, default);
        writer.ClientReads = false;
        var write = output.WriteAsync(new byte[262_144], Marker.None, default).AsTask();
        for (var i = 0; i < 5; i++)
        {
            writer.Taken += 16_384;
            _time.Advance(WriteTimeout);
        }
        Assert.False(write.IsCompleted);
        _time.Advance(WriteTimeout);
        writer.EndFlush();
        Assert.Same(EventCatalogue.ClientWriteTimeout, (await Assert.ThrowsAsync<BrokenResponseException>(() => write)).Reason);
    }

    /// <summary>
    /// The server's writer and the one below it in one: answers with the lent block, as the server does while it has no write of its own
    /// under way.
    /// </summary>
    private sealed class LendingWriter : PipeWriter, IBlockLender
    {
        private readonly TaskCompletionSource<FlushResult> _flush = new();
        private ReadOnlyMemory<byte> _lent;
        private byte[] _memory = [];

        public bool HasOwnMemory { get; init; }

        public bool ClientReads { get; set; } = true;

        public bool Aborted { get; private set; }

        public List<byte[]> Sent { get; } = [];

        public long Taken { get; set; }

        public long Undelivered => (1 << 30) - Taken;

        public void Lend(ReadOnlyMemory<byte> block) => _lent = block;

        public void Abort() => Aborted = true;

        public void EndFlush() => _flush.SetResult(new FlushResult(isCanceled: false, isCompleted: true));

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            _memory = !_lent.IsEmpty && !HasOwnMemory && System.Runtime.InteropServices.MemoryMarshal.TryGetArray(_lent, out var lent)
                ? lent.Array! : new byte[Math.Max(sizeHint, 4096)];
            return _memory;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes) => Sent.Add(_memory);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _lent = default;
            return ClientReads ? new(new FlushResult(isCanceled: false, isCompleted: false)) : new(_flush.Task);
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
