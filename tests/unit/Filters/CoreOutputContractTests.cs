using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Tests.Host;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>
/// The last room of the chain towards the three writers it may have: what is sent when, from where, in which order, and by whom the head is
/// started.
/// </summary>
public sealed class CoreOutputContractTests
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(60);
    private static readonly int[] Edges = [0, 1, 4095, 4096, 4097, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 200_000];

    private readonly FakeTimeProvider _time = new();

    private CoreOutput Output(ClientWriter client, string kind, Func<CancellationToken, Task>? start = null) =>
        new(WriterFeatures.ClientOf(client, IsChunked(kind), IsSocket(kind) ? client : null, start), WriteTimeout, _time);

    private static bool IsChunked(string kind) => kind.EndsWith("chunked", StringComparison.Ordinal);

    private static bool IsSocket(string kind) => kind.StartsWith("socket", StringComparison.Ordinal);

    public static TheoryData<string> Kinds => ["pipe", "pipe, chunked", "socket", "socket, chunked"];

    /// <summary>
    /// Random blocks of sizes around every bound: what has to leave has left, what may be held is less than 4 KiB, and the body is the
    /// blocks'.
    /// </summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Body_is_its_blocks_and_each_leaves_when_it_has_to(string kind)
    {
        var blocks = Gen.Select(
            Gen.OneOf(Gen.Int[0, Edges.Length - 1].Select(edge => Edges[edge]), Gen.Int[0, 300]), Gen.Bool).Array[1, 12];
        await Gen.Select(blocks, Gen.Bool).SampleAsync(async (series, starts) =>
        {
            var client = new ClientWriter();
            var (started, toBeStarted) = (0, 0);
            using var output = Output(client, kind, _ =>
            {
                if (starts) started++;
                // The head: only what is held may have been written before.
                Assert.True(client.Sent.Count == 0 || client.Flushes > 0);
                return Task.CompletedTask;
            });
            var expected = new List<byte>();
            var held = 0;
            foreach (var (size, flushes) in series)
            {
                var block = new byte[size];
                new Random(size + expected.Count).NextBytes(block);
                // Only the writer at the socket has the head started by itself, and any flush does so, too.
                if (starts && IsSocket(kind) && size >= CoreOutput.SmallestWrite && client.Flushes == 0) toBeStarted = 1;
                await output.WriteAsync(block, flushes ? Marker.Flush : Marker.None, default);
                expected.AddRange(block);
                held += size;
                if (flushes || held >= CoreOutput.SmallestWrite) held = 0;
                // What one write leaves behind a full part of a large block stays within the bound, too.
                Assert.InRange(output.Held, 0, CoreOutput.SmallestWrite - 1);
                if (size <= CoreOutput.LargestWrite) Assert.Equal(held, output.Held);
                else if (!flushes) held = (int)output.Held;
                Assert.Equal(expected.Count, output.Bytes);
                Assert.Equal(output.Held == 0, client.Unsent == 0);
            }
            await output.EndAsync(default, [new("x", "1")], default);
            Assert.Equal(0, client.Unsent);
            Assert.True(client.LargestFlush <= CoreOutput.LargestWrite + CoreOutput.SmallestWrite + 100 || kind == "socket",
                $"{client.LargestFlush} bytes in one write");
            var body = IsChunked(kind) ? Decode([.. client.Sent]) : [.. client.Sent];
            Assert.True(body.AsSpan().SequenceEqual(CollectionsMarshal.AsSpan(expected)),
                $"{body.Length} bytes came that are not the {expected.Count} that were written");
            Assert.Equal(toBeStarted, started);
        }, iter: 60, threads: 1);
    }

    private static byte[] Decode(byte[] framed)
    {
        var body = new List<byte>();
        for (var at = 0; ;)
        {
            var end = framed.AsSpan(at).IndexOf("\r\n"u8) + at;
            var size = Convert.ToInt32(Encoding.ASCII.GetString(framed, at, end - at), 16);
            if (size == 0)
            {
                Assert.Equal("0\r\nx: 1\r\n\r\n", Encoding.ASCII.GetString(framed.AsSpan(at)));
                return [.. body];
            }
            body.AddRange(framed.AsSpan(end + 2, size));
            Assert.Equal("\r\n", Encoding.ASCII.GetString(framed, end + 2 + size, 2));
            at = end + size + 4;
        }
    }

    [Theory]
    [InlineData("socket", true, 16_384, true)]
    [InlineData("socket", true, 200_000, true)]
    [InlineData("socket", true, 16_383, false)] // a copy is cheaper
    [InlineData("socket", false, 65_536, false)] // leaves with the head
    [InlineData("socket, chunked", true, 65_536, false)] // has frames around it
    [InlineData("pipe", true, 65_536, false)]
    public async Task Block_is_lent_only_where_that_saves_a_copy(string kind, bool hasSent, int size, bool lent)
    {
        var client = new ClientWriter();
        using var output = Output(client, kind);
        if (hasSent) await output.WriteAsync(new byte[10], Marker.Flush, default);
        await output.WriteAsync(new byte[size], Marker.None, default);
        Assert.Equal(lent ? 1 : 0, client.Loans);
    }

    [Fact]
    public async Task Lent_block_comes_behind_what_was_held_before_it()
    {
        var client = new ClientWriter();
        using var output = Output(client, "socket");
        await output.WriteAsync("head"u8.ToArray(), Marker.Flush, default);
        await output.WriteAsync("held"u8.ToArray(), Marker.None, default);
        await output.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 20_000)), Marker.None, default);
        Assert.Equal("headheld" + new string('x', 20_000), Encoding.ASCII.GetString([.. client.Sent]));
        Assert.Equal(0, output.Held);
    }

    [Fact]
    public async Task Head_is_started_before_the_first_large_block_and_awaited()
    {
        var client = new ClientWriter();
        var head = new TaskCompletionSource();
        using var output = Output(client, "socket", _ => head.Task);
        var write = output.WriteAsync(new byte[4096], Marker.None, default).AsTask();
        Assert.False(write.IsCompleted);
        Assert.Equal((0, 0), (client.Unsent, client.Flushes));
        head.SetResult();
        await write.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(4096, client.Sent.Count);
    }

    [Fact]
    public async Task Head_of_a_small_answer_is_left_to_the_first_send()
    {
        var client = new ClientWriter();
        using var output = Output(client, "socket", _ => throw new InvalidOperationException("the head was started by itself"));
        await output.WriteAsync(new byte[4095], Marker.Flush, default);
        await output.EndAsync(new byte[10], [], default);
        Assert.Equal(4105, client.Sent.Count);
    }

    [Fact]
    public async Task Failure_to_start_the_head_is_the_writes_and_nothing_is_sent()
    {
        var client = new ClientWriter();
        using var output = Output(client, "socket", _ => Task.FromException(new IOException("no head")));
        await Assert.ThrowsAsync<IOException>(() => output.WriteAsync(new byte[5000], Marker.None, default).AsTask());
        Assert.Empty(client.Sent);
    }

    [Fact]
    public async Task Small_answer_leaves_in_one_write_with_its_end()
    {
        var client = new ClientWriter();
        using var output = Output(client, "pipe, chunked");
        await output.EndAsync("hello"u8.ToArray(), [], default);
        Assert.Equal(1, client.Flushes);
        Assert.Equal("5\r\nhello\r\n0\r\n\r\n", Encoding.ASCII.GetString([.. client.Sent]));
    }

    /// <summary>How a wait for the client ends, in a write and at the end of the response.</summary>
    [Theory]
    [InlineData(false, "timeout")]
    [InlineData(true, "timeout")]
    [InlineData(false, "cancelled")]
    [InlineData(true, "cancelled")]
    [InlineData(false, "left")]
    [InlineData(true, "left")]
    [InlineData(false, "read")]
    [InlineData(true, "read")]
    public async Task Wait_for_the_client_ends_by_what_happens_first(bool atTheEnd, string how)
    {
        var client = new ClientWriter { Reads = false };
        using var output = Output(client, "socket");
        using var gone = new CancellationTokenSource();
        var write = (atTheEnd ? output.EndAsync(default, [], gone.Token) : output.WriteAsync(new byte[5000], Marker.None, gone.Token))
            .AsTask();
        _time.Advance(WriteTimeout - TimeSpan.FromMilliseconds(1));
        Assert.False(write.IsCompleted);
        switch (how)
        {
            case "timeout": _time.Advance(TimeSpan.FromMilliseconds(1)); break;
            case "cancelled": await gone.CancelAsync(); break;
            default: client.EndFlush(hasLeft: how == "left"); break;
        }
        if (how == "timeout")
            Assert.Same(EventCatalogue.ClientWriteTimeout, (await Assert.ThrowsAsync<BrokenResponseException>(() => write)).Reason);
        else if (how == "read") await write.WaitAsync(TimeSpan.FromSeconds(30));
        else await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(TimeSpan.FromSeconds(30)));
        // What was copied is nobody's block: there is nothing to break off for.
        Assert.Equal(0, client.Aborts);
    }

    [Fact]
    public async Task Each_wait_for_the_client_has_the_whole_timeout()
    {
        var client = new ClientWriter { Reads = false };
        using var output = Output(client, "pipe");
        for (var i = 0; i < 3; i++)
        {
            var write = output.WriteAsync(new byte[5000], Marker.None, default).AsTask();
            _time.Advance(WriteTimeout * 0.9);
            Assert.False(write.IsCompleted);
            client.EndFlush(hasLeft: false);
            await write.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task Cancelled_response_has_its_lent_block_back_before_it_ends()
    {
        var client = new ClientWriter();
        using var output = Output(client, "socket");
        using var gone = new CancellationTokenSource();
        await output.WriteAsync(new byte[10], Marker.Flush, default);
        client.Reads = false;
        var write = output.WriteAsync(new byte[65_536], Marker.None, gone.Token).AsTask();
        await gone.CancelAsync();
        Assert.Equal(1, client.Aborts);
        Assert.False(write.IsCompleted);
        client.EndFlush(hasLeft: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>A writer that gives lent blocks out again, and whose flushes end when the test says so.</summary>
    private sealed class ClientWriter : PipeWriter, IBlockLender
    {
        private readonly List<byte> _unsent = [];
        private ReadOnlyMemory<byte> _lent;
        private byte[] _memory = [];
        private bool _givesLent;
        private TaskCompletionSource<FlushResult>? _flush;

        public bool Reads { get; set; } = true;

        public List<byte> Sent { get; } = [];

        public int Unsent => _unsent.Count;

        public int Flushes { get; private set; }

        public int LargestFlush { get; private set; }

        public int Loans { get; private set; }

        public int Aborts { get; private set; }

        public long Taken => 0;

        public long Undelivered => 1;

        public void Lend(ReadOnlyMemory<byte> block)
        {
            if (!block.IsEmpty) Loans++;
            _lent = block;
        }

        public void Abort() => Aborts++;

        public void EndFlush(bool hasLeft)
        {
            var flush = _flush!;
            _flush = null;
            flush.SetResult(new FlushResult(isCanceled: false, isCompleted: hasLeft));
        }

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            _givesLent = !_lent.IsEmpty;
            if (_givesLent) return MemoryMarshal.AsMemory(_lent);
            return _memory = new byte[Math.Max(sizeHint, 4096)];
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes) => _unsent.AddRange(_givesLent ? _lent.Span[..bytes] : _memory.AsSpan(0, bytes));

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            LargestFlush = Math.Max(LargestFlush, _unsent.Count);
            Sent.AddRange(_unsent);
            _unsent.Clear();
            _lent = default;
            return Reads ? new(new FlushResult(isCanceled: false, isCompleted: false)) : new((_flush = new()).Task);
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
