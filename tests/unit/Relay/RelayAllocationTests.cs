using System.Diagnostics;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Daemons;
using DaemonProxy.Tests.Host;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>
/// A block costs no memory on its way to the client: what a response allocates is for its start. Counted on the one thread that everything
/// here runs on, because the pipes call back inline and the clock is turned by hand.
/// </summary>
public sealed class RelayAllocationTests
{
    private const int Blocks = 500;
    private const int Rounds = 4;
    private static readonly TimeSpan SocketTimeout = TimeSpan.FromSeconds(60);
    private readonly TurnedClock _time = new();

    /// <summary>Without optimisation the compiler makes every async method's state an object.</summary>
    private static bool IsOptimised =>
        typeof(ResponseRelay).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;

    private static Pipe NewPipe(long threshold) => new(new PipeOptions(
        pauseWriterThreshold: threshold, resumeWriterThreshold: threshold / 2, minimumSegmentSize: 262_144,
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        useSynchronizationContext: false));

    [Theory]
    [InlineData(100, false, false, 0, false)]
    [InlineData(16_384, false, false, 0, false)]
    [InlineData(16_384, true, false, 0, false)]
    [InlineData(200_000, false, false, 0, false)]
    [InlineData(16_384, false, true, 0, false)]      // each block flushed
    [InlineData(16_384, false, false, 4096, false)]  // each block waits for the client
    [InlineData(200_000, false, false, 4096, false)] // each block waits for the client four times
    [InlineData(16_384, false, false, 0, true)]      // through a pacer that never has it wait
    public void Relayed_block_allocates_nothing(int size, bool chunked, bool prompt, int clientTakes, bool paced)
    {
        var source = NewPipe(0);
        var client = NewPipe(clientTakes);
        var block = new byte[size];
        using var body = new PipeBody(source.Reader, _time);
        using var output = new CoreOutput(WriterFeatures.ClientOf(client.Writer, chunked), SocketTimeout, _time);
        using var pacing = paced
            ? new RateLimitFilter(new LiveRateLimit(new RateLimit(100L << 30, 0, PacerKind.TokenBucket), _time), default, output) : null;
        using var clientGone = new CancellationTokenSource();
        var relay = new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default), _time)
            .RunAsync(body, pacing ?? (IOutputFilter)output, new TrafficScope(new TrafficCounter()), prompt, SocketTimeout,
            clientGone.Token).AsTask();

        // Only where an async method is called for each block does it matter how it was compiled; and a buffer would be seen there, too.
        var most = IsOptimised || (!prompt && clientTakes == 0 && !paced && size <= CoreOutput.LargestWrite) ? 0 : 4096 * Blocks;
        Assert.InRange(Allocated(() =>
        {
            _ = source.Writer.WriteAsync(block);
            while (client.Reader.TryRead(out var read)) client.Reader.AdvanceTo(read.Buffer.End);
        }), 0, most);
        Assert.False(relay.IsCompleted);
        Assert.Equal((long)size * Rounds * Blocks, output.Bytes);
    }

    [Theory]
    [InlineData(PacerKind.TokenBucket)]
    [InlineData(PacerKind.Interval)]
    public void Write_that_waits_for_its_pace_allocates_nothing(PacerKind pacer)
    {
        const int size = 65_536;
        var sent = 0L;
        var block = new byte[size];
        using var output = new CoreOutput(WriterFeatures.ClientOf(new CountingWriter(count => sent += count)), SocketTimeout, _time);
        using var pacing = new RateLimitFilter(new LiveRateLimit(new RateLimit(1 << 20, 0, pacer), _time), default, output);
        var waits = 0;
        var most = IsOptimised ? 0 : 4096 * Blocks;
        Assert.InRange(Allocated(() =>
        {
            var write = pacing.WriteAsync(block, Marker.Flush, CancellationToken.None);
            while (!write.IsCompleted)
            {
                waits++;
                _time.Turn(TimeSpan.FromMilliseconds(20));
            }
            write.GetAwaiter().GetResult();
        }), 0, most);
        Assert.InRange(waits, Rounds * Blocks, int.MaxValue);
        Assert.Equal((long)size * Rounds * Blocks, sent);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2000\r\n")]
    public async Task Block_received_from_a_daemon_allocates_nothing(string head, string framing)
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        var daemon = pair.Near;
        using var connection = new DaemonConnection(pair.Far, new DaemonLimits(SocketTimeout, 32_768), _time);
        daemon.Send(Encoding.ASCII.GetBytes(head));
        await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);

        // What was sent over a Unix socket lies there to be received: nothing here has to wait.
        byte[] sent = [.. Encoding.ASCII.GetBytes(framing), .. new byte[8192], .. framing.Length > 0 ? "\r\n"u8.ToArray() : []];
        long received = 0;
        Assert.Equal(0, Allocated(() =>
        {
            daemon.Send(sent);
            if (connection.TryRead(out var block)) received += block.Data.Length;
        }));
        Assert.Equal(8192 * Rounds * Blocks, received);
    }

    /// <summary>
    /// What an action allocates in a round, once pools and caches are filled: the least of some, for another test's garbage collection may
    /// empty a pool.
    /// </summary>
    private static long Allocated(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Blocks; i++) action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    private sealed class CountingWriter(Action<int> count) : PipeWriter
    {
        private readonly byte[] _buffer = new byte[262_144];

        public override void Advance(int bytes) => count(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public override Span<byte> GetSpan(int sizeHint = 0) => _buffer;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            new(new FlushResult(isCanceled: false, isCompleted: false));

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }

    private sealed class TurnedClock : TimeProvider
    {
        private readonly List<TurnedTimer> _timers = [];
        private long _now;

        // A microsecond each time it is asked, so that a pacer sees time pass.
        public override long GetTimestamp() => _now += TimestampFrequency / 1_000_000;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new TurnedTimer(callback, state) { IsSet = dueTime != Timeout.InfiniteTimeSpan };
            _timers.Add(timer);
            return timer;
        }

        /// <summary>Turns it on, and fires what is due then.</summary>
        public void Turn(TimeSpan by)
        {
            _now += (long)(by.TotalSeconds * TimestampFrequency);
            foreach (var timer in _timers) timer.Fire();
        }

        private sealed class TurnedTimer(TimerCallback callback, object? state) : ITimer
        {
            public bool IsSet { get; set; }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                IsSet = dueTime != Timeout.InfiniteTimeSpan;
                return true;
            }

            // Fired early it sets itself again, for its owner looks at the clock.
            public void Fire()
            {
                if (!IsSet) return;
                IsSet = false;
                callback(state);
            }

            public void Dispose() => IsSet = false;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
