using System.IO.Pipelines;
using System.Security.Cryptography;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Platform;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>A response that is read ahead of its client, and a request that is taken in before a worker is.</summary>
public sealed class SpoolTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("dps-").FullName;
    private readonly Pipe _daemon = new(
        new PipeOptions(
        pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        useSynchronizationContext: false));
    private readonly LiveFlushPolicy _policy = new(FlushPolicy.Default);
    private readonly TrafficCounter _traffic = new();
    private int _ended;
    private Exception? _failed;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SpooledBody Spool(long memory, long file, string? folder = null) => new(
        new PipeBody(_daemon.Reader, _time), new SpoolSize(memory, file, new SpoolPlace(folder ?? _folder)), TimeSpan.FromSeconds(60),
            _time,
        () =>
        {
            Interlocked.Increment(ref _ended);
            return ValueTask.CompletedTask;
        },
        failure => _failed = failure);

    private Task Relay(IResponseBody body, IOutputFilter chain) =>
        new ResponseRelay(_policy, _time)
            .RunAsync(body, chain, new TrafficScope(_traffic), prompt: false, Timeout.InfiniteTimeSpan, CancellationToken.None).AsTask();

    private void Advance(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++) _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private static async Task<byte[]> ReadAsync(IResponseBody body, Func<Task>? between = null)
    {
        var all = new MemoryStream();
        while (true)
        {
            if (!body.TryRead(out var block))
            {
                Assert.True(await body.WaitAsync(Timeout.InfiniteTimeSpan, CancellationToken.None).AsTask().WaitAsync(Limit));
                continue;
            }
            all.Write(block.Data.Span);
            if (block.End) return all.ToArray();
            if (between is not null) await between();
        }
    }

    [Theory]
    [InlineData(1, 0, 1 << 20)]
    [InlineData(2, 20_000, 1 << 20)]
    [InlineData(3, 20_000, 70_000)]
    [InlineData(4, 100_000, 65_536)]
    [InlineData(5, 1 << 20, 0)]
    [InlineData(6, 200_000, 1 << 24)]
    public async Task Every_byte_comes_once_and_in_order_whatever_the_blocks_and_whoever_is_faster(int seed, long memory, long file)
    {
        var random = new Random(seed);
        var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var body = Spool(memory, file);
        var reading = Task.Run(() => ReadAsync(body, () => new Random(seed).Next(3) == 0 ? Task.Delay(1) : Task.CompletedTask));
        for (var i = 0; i < 300; i++)
        {
            var block = new byte[random.Next(3) == 0 ? random.Next(1, 200_000) : random.Next(1, 3000)];
            random.NextBytes(block);
            expected.AppendData(block);
            await _daemon.Writer.WriteAsync(block);
            if (random.Next(10) == 0) await Task.Delay(1);
        }
        await _daemon.Writer.CompleteAsync();
        var got = await reading.WaitAsync(Limit);
        Assert.Equal(Convert.ToHexString(expected.GetHashAndReset()), Convert.ToHexString(SHA256.HashData(got)));
        Assert.Equal(1, _ended);
        Assert.Null(_failed);
    }

    [Fact]
    public async Task Daemon_is_done_while_the_client_has_taken_nothing_and_the_file_has_no_name()
    {
        await using var body = Spool(memory: 50_000, file: 1 << 20);
        await _daemon.Writer.WriteAsync(new byte[900_000]);
        await _daemon.Writer.CompleteAsync();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _ended) == 1, Limit));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        Assert.Equal(900_000, (await ReadAsync(body)).Length);
    }

    [Fact]
    public async Task Daemon_waits_when_memory_and_file_are_full()
    {
        await using var body = Spool(memory: 65_536, file: 100_000);
        await _daemon.Writer.WriteAsync(new byte[400_000]);
        await _daemon.Writer.CompleteAsync();
        await Task.Delay(100);
        Assert.Equal(0, _ended);
        Assert.Equal(400_000, (await ReadAsync(body)).Length);
        Assert.Equal(1, _ended);
    }

    [Fact]
    public async Task Break_of_the_daemon_comes_behind_all_that_came_before_it()
    {
        await using var body = Spool(memory: 20_000, file: 1 << 20);
        await _daemon.Writer.WriteAsync(new byte[300_000]);
        await _daemon.Writer.CompleteAsync(new BrokenResponseException(EventCatalogue.BodyReadError, "gone"));
        var chain = new RecordingChain(_time, 0);
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(() => Relay(body, chain).WaitAsync(Limit));
        Assert.Same(EventCatalogue.BodyReadError, broken.Reason);
        Assert.Equal(300_000, chain.Bytes.Length);
        Assert.False(chain.HasEnded);
    }

    [Fact]
    public async Task Silence_of_the_daemon_is_a_break_also_while_the_client_is_slow()
    {
        await using var body = Spool(memory: 20_000, file: 1 << 20);
        await _daemon.Writer.WriteAsync(new byte[1000]);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(1, _ended);
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(() => Relay(body, new RecordingChain(_time, 0)).WaitAsync(Limit));
        Assert.Same(EventCatalogue.BodyReadTimeout, broken.Reason);
    }

    [Fact]
    public async Task Flush_policy_holds_as_without_a_spool()
    {
        var chain = new RecordingChain(_time, 4095);
        await using var body = Spool(memory: 8 << 20, file: 1 << 20);
        var relay = Relay(body, chain);
        await _daemon.Writer.WriteAsync(new byte[100]);
        Advance(4);
        Assert.Empty(chain.Flushes);
        Advance(100);
        Assert.Equal([5], chain.Flushes);
        for (var i = 0; i < 100; i++)
        {
            await _daemon.Writer.WriteAsync(new byte[24]);
            Advance(3);
        }
        Assert.Equal(0, _traffic.Flushes[FlushReason.Guard]);
        Assert.InRange(_traffic.Flushes[FlushReason.Deadline], 5, 7);
        await _daemon.Writer.CompleteAsync();
        await relay.WaitAsync(Limit);
        Assert.True(chain.HasEnded);
        Assert.Equal(2500, chain.Bytes.Length);
    }

    [Fact]
    public async Task What_lies_in_the_file_is_not_taken_for_silence()
    {
        // Any dry read is flushed at once, and reading a file takes its time.
        _policy.Current = FlushPolicy.Before602;
        var chain = new RecordingChain(_time, 4095);
        await using var body = Spool(memory: 0, file: 1 << 20);
        await _daemon.Writer.WriteAsync(new byte[1_000_000]);
        await _daemon.Writer.CompleteAsync();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _ended) == 1, Limit));
        await Relay(body, chain).WaitAsync(Limit);
        Assert.Equal(0, _traffic.Flushes[FlushReason.Idle]);
        Assert.Equal(1_000_000, chain.Bytes.Length);
    }

    [Fact]
    public async Task Spool_that_cannot_be_written_is_no_spool()
    {
        await using var body = Spool(memory: 65_536, file: 1 << 20, folder: Path.Combine(_folder, "not-there"));
        await _daemon.Writer.WriteAsync(new byte[400_000]);
        await _daemon.Writer.CompleteAsync();
        Assert.Equal(400_000, (await ReadAsync(body)).Length);
        Assert.IsType<DirectoryNotFoundException>(_failed);
    }

    [Fact]
    public async Task Spool_that_is_given_up_in_the_middle_stops_reading()
    {
        var body = Spool(memory: 65_536, file: 100_000);
        await _daemon.Writer.WriteAsync(new byte[400_000]);
        await body.DisposeAsync().AsTask().WaitAsync(Limit);
        Assert.Equal(1, _ended);
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(500, 1000)]
    [InlineData(1000, 1000)]
    [InlineData(1001, 1000)]
    [InlineData(900_000, 1 << 20)]
    [InlineData(3_000_000, 1 << 20)]
    [InlineData(3_000_000, 100)]
    public async Task Request_is_taken_in_up_to_its_size_and_streamed_behind_it(int length, long size)
    {
        var sent = new byte[length];
        new Random(length).NextBytes(sent);
        var client = new Pipe(
            new PipeOptions(pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768, useSynchronizationContext: false));
        var sending = Task.Run(async () =>
        {
            for (var at = 0; at < length; at += 30_011) await client.Writer.WriteAsync(sent.AsMemory(at, Math.Min(30_011, length - at)));
            await client.Writer.CompleteAsync();
        });
        await using var request = new SpooledRequest(client.Reader, size, new SpoolPlace(_folder), _time, failure => _failed = failure);
        await request.TakeInAsync(CancellationToken.None).AsTask().WaitAsync(Limit);
        // What fits is here, and with it the end; what does not has not been waited for.
        if (length <= size) await sending.WaitAsync(Limit);
        else if (length > size + 200_000) Assert.False(sending.IsCompleted);

        var got = new MemoryStream();
        for (var odd = true; ; odd = !odd)
        {
            var read = await request.ReadAsync().AsTask().WaitAsync(Limit);
            // Every other time only a part is consumed, as a reader may.
            var part = odd && read.Buffer.Length > 1 ? read.Buffer.Slice(0, read.Buffer.Length / 2) : read.Buffer;
            foreach (var piece in part) got.Write(piece.Span);
            request.AdvanceTo(part.End);
            if (read.IsCompleted && part.Length == read.Buffer.Length) break;
        }
        Assert.Equal(sent, got.ToArray());
        Assert.Null(_failed);
        await sending.WaitAsync(Limit);
    }

    [Fact]
    public async Task Request_that_cannot_be_spooled_is_streamed()
    {
        var sent = new byte[900_000];
        new Random(1).NextBytes(sent);
        var client = new Pipe(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 1 << 20));
        await client.Writer.WriteAsync(sent);
        await client.Writer.CompleteAsync();
        await using var request = new SpooledRequest(
            client.Reader, 1 << 20, new SpoolPlace(Path.Combine(_folder, "not-there")), _time, failure => _failed = failure);
        await request.TakeInAsync(CancellationToken.None).AsTask().WaitAsync(Limit);
        var got = new MemoryStream();
        while (true)
        {
            var read = await request.ReadAsync().AsTask().WaitAsync(Limit);
            foreach (var piece in read.Buffer) got.Write(piece.Span);
            request.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        Assert.Equal(sent, got.ToArray());
        Assert.IsType<DirectoryNotFoundException>(_failed);
    }

    [Fact]
    public async Task File_counts_as_an_open_one_and_where_there_is_no_room_memory_and_the_daemon_wait()
    {
        var budget = new ConnectionBudget(1);
        var sent = new byte[200_000];
        Random.Shared.NextBytes(sent);
        foreach (var taken in new[] { false, true })
        {
            if (taken) Assert.True(budget.TryTake());
            _failed = null;
            var daemon = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            await daemon.Writer.WriteAsync(sent);
            await daemon.Writer.CompleteAsync();
            using var source = new PipeBody(daemon.Reader, _time);
            await using (var body = new SpooledBody(
                source, new SpoolSize(65_536, 1 << 20, new SpoolPlace(_folder, budget)), TimeSpan.FromSeconds(60), _time, () =>
                    ValueTask.CompletedTask, failure => _failed = failure))
            {
                if (!taken) await EndToEnd.RunningFrontEnd.UntilAsync(() => budget.Open == 1, "the file");
                Assert.Equal(sent, await ReadAsync(body));
            }
            Assert.Equal(taken, _failed is IOException);
            Assert.Equal(taken ? 1 : 0, budget.Open);
        }
    }
}
