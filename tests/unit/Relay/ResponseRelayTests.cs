using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>The flush policy of behaviour.md, section 1, on a clock that the test turns.</summary>
public sealed class ResponseRelayTests
{
    private const long Core = 4095;
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan SocketTimeout = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _pipe = new(
        new PipeOptions(
        pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        useSynchronizationContext: false));
    private readonly TrafficCounter _traffic = new();
    private readonly LiveFlushPolicy _policy = new(FlushPolicy.Default);
    private readonly CancellationTokenSource _clientGone = new();

    private Task Run(IOutputFilter chain) => new ResponseRelay(_policy, _time)
        .RunAsync(new PipeBody(_pipe.Reader, _time), chain, new TrafficScope(_traffic), prompt: false, SocketTimeout, _clientGone.Token)
        .AsTask();

    private async Task WriteAsync(int count) => await _pipe.Writer.WriteAsync(new byte[count]);

    private async Task DripAsync(int count, int every, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await WriteAsync(count);
            Advance(every);
        }
    }

    private void Advance(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++) _time.Advance(Millisecond);
    }

    [Fact]
    public async Task Relay_passes_data_at_once_and_without_a_flush()
    {
        var chain = new RecordingChain(_time, 0);
        _ = Run(chain);
        await WriteAsync(100_000);
        Assert.Equal(100_000, chain.Calls.Sum(call => call.Count));
        Assert.All(chain.Calls, call => Assert.Equal((0, Marker.None), (call.At, call.Marker)));
    }

    /// <summary>A response that is there from the start takes a shorter way; it must not be seen.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(200_000)]
    public async Task Response_that_is_there_at_once_is_passed_on_and_counted_like_one_that_came_in_two_reads(int size)
    {
        _policy.Current = FlushPolicy.Default with { BufferSize = 65_536 };
        var (whole, divided) = (new TrafficCounter(), new TrafficCounter());
        var (atOnce, inTwo) = (new RecordingChain(_time, long.MaxValue), new RecordingChain(_time, long.MaxValue));
        var relay = new ResponseRelay(_policy, _time);
        var data = new byte[size];
        await relay.RunAsync(new Blocks(new BodyBlock(data, true)), atOnce, new(whole), prompt: false, SocketTimeout, CancellationToken.None);
        await relay.RunAsync(
            new Blocks(new BodyBlock(default, false), new BodyBlock(data, true)), inTwo, new(divided), prompt: false, SocketTimeout, CancellationToken.None);
        Assert.Equal(inTwo.Calls.Where(call => call.Count > 0), atOnce.Calls.Where(call => call.Count > 0));
        Assert.Equal(inTwo.Flushes, atOnce.Flushes);
        Assert.Equal(inTwo.Sent, atOnce.Sent);
        Assert.True(atOnce.HasEnded);
        Assert.Equal(size, atOnce.Bytes.Length);
        Assert.Equal(
            Enum.GetValues<FlushReason>().Select(reason => divided.Flushes[reason]),
            Enum.GetValues<FlushReason>().Select(reason => whole.Flushes[reason]));
        Assert.Equal(size > 0 ? 1 : 0, whole.WritingStatus.Undivided);
        Assert.Equal(divided.WritingStatus.Undivided, whole.WritingStatus.Undivided);
    }

    private sealed class Blocks(params BodyBlock[] blocks) : IResponseBody
    {
        private int _next;

        public bool TryRead(out BodyBlock block)
        {
            block = blocks[_next++];
            return true;
        }

        public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    [Fact]
    public async Task Relay_flushes_once_when_the_daemon_stays_silent_for_the_delay()
    {
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await WriteAsync(100);
        Advance(4);
        Assert.Empty(chain.Flushes);
        Advance(100);
        Assert.Equal([5], chain.Flushes);
        Assert.Equal(1, _traffic.Flushes[FlushReason.Idle]);
    }

    [Fact]
    public async Task Relay_does_not_flush_when_more_comes_within_the_delay()
    {
        var chain = new RecordingChain(_time, 0);
        _ = Run(chain);
        await DripAsync(100, every: 4, times: 100);
        Assert.Empty(chain.Flushes);
    }

    [Fact]
    public void Relay_flushes_the_headers_when_no_byte_comes_within_the_delay()
    {
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        Advance(20);
        Assert.Equal([(5d, 0, Marker.Flush)], chain.Calls);
    }

    [Fact]
    public async Task Relay_with_no_delay_flushes_on_any_dry_read()
    {
        _policy.Current = FlushPolicy.Before602;
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await WriteAsync(10);
        await WriteAsync(10);
        Assert.Equal([0, 0, 0], chain.Flushes);
    }

    [Fact]
    public async Task Relay_flushes_what_has_waited_for_the_deadline_while_the_application_trickles()
    {
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await DripAsync(24, every: 3, times: 100);
        // 17 drips in 50 ms; the next 50 begin with the first byte behind the flush.
        Assert.Equal(50, chain.Sent[0].At);
        Assert.All(chain.Sent, sent => Assert.True(sent.Count <= 18 * 24));
        Assert.True(chain.Sent.Count >= 5);
        Assert.Equal(_traffic.Flushes[FlushReason.Deadline], chain.Flushes.Count());
        Assert.Equal(0, _traffic.Flushes[FlushReason.Idle]);
    }

    [Fact]
    public async Task Relay_without_a_deadline_lets_a_trickle_wait_for_the_core_output_as_the_original_does()
    {
        _policy.Current = FlushPolicy.Default with { FlushDeadline = TimeSpan.Zero };
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await DripAsync(24, every: 3, times: 170);
        Assert.Empty(chain.Sent);
        await DripAsync(24, every: 3, times: 1);
        Assert.Equal([(510d, 4104L)], chain.Sent);
    }

    [Fact]
    public async Task Relay_counts_the_deadline_anew_when_the_chain_has_sent_on_its_own()
    {
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await DripAsync(1000, every: 4, times: 40);
        // Every fifth block fills the core output, 20 ms apart: nothing ever waits for 50.
        Assert.Empty(chain.Flushes);
        Assert.All(chain.Sent, sent => Assert.Equal(5000, sent.Count));
    }

    [Fact]
    public async Task Relay_flushes_when_the_chain_holds_more_than_the_guard()
    {
        _policy.Current = new(TimeSpan.FromMilliseconds(5), 65_536, TimeSpan.Zero);
        var chain = new RecordingChain(_time, long.MaxValue);
        _ = Run(chain);
        for (var i = 0; i < 16; i++) await WriteAsync(4096);
        Assert.Empty(chain.Sent);
        await WriteAsync(1);
        Assert.Equal([(0d, 65_537L)], chain.Sent);
        Assert.Equal(1, _traffic.Flushes[FlushReason.Guard]);
    }

    [Fact]
    public async Task Relay_never_flushes_for_the_guard_while_the_chain_drains()
    {
        _policy.Current = new(TimeSpan.FromMilliseconds(5), 65_536, TimeSpan.Zero);
        var chain = new RecordingChain(_time, 0);
        _ = Run(chain);
        for (var i = 0; i < 1000; i++) await WriteAsync(10_000);
        Assert.Equal(0, _traffic.Flushes[FlushReason.Guard]);
        Assert.Empty(chain.Flushes);
    }

    [Fact]
    public async Task Relay_ends_the_response_with_the_body()
    {
        var chain = new RecordingChain(_time, Core);
        var run = Run(chain);
        await WriteAsync(100);
        await _pipe.Writer.CompleteAsync();
        await run;
        Assert.True(chain.HasEnded);
        Assert.Equal(100, chain.Bytes.Length);
        Assert.Equal(1, _traffic.Flushes[FlushReason.End]);
    }

    [Fact]
    public async Task Policy_swapped_in_flight_holds_from_the_next_read_on()
    {
        var chain = new RecordingChain(_time, Core);
        _ = Run(chain);
        await WriteAsync(10);
        Advance(5);
        _policy.Current = FlushPolicy.Default with { FlushDelay = TimeSpan.FromMilliseconds(20) };
        await WriteAsync(10);
        Advance(30);
        Assert.Equal([5, 25], chain.Flushes);
    }

    [Fact]
    public async Task Relay_breaks_off_after_the_socket_timeout()
    {
        var run = Run(new RecordingChain(_time, Core));
        await WriteAsync(10);
        Advance(5);
        _time.Advance(SocketTimeout);
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(() => run);
        Assert.Same(EventCatalogue.BodyReadTimeout, broken.Reason);
    }

    [Fact]
    public async Task Relay_ends_its_wait_when_the_client_has_left()
    {
        var run = Run(new RecordingChain(_time, Core));
        await WriteAsync(10);
        await _clientGone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task Body_that_breaks_off_is_not_ended()
    {
        var chain = new RecordingChain(_time, Core);
        var run = Run(chain);
        await WriteAsync(10);
        await _pipe.Writer.CompleteAsync(new BrokenResponseException(EventCatalogue.BodyReadError, "gone"));
        await Assert.ThrowsAsync<BrokenResponseException>(() => run);
        Assert.False(chain.HasEnded);
        // What came before the break has left.
        Assert.Equal([(0d, 10L)], chain.Sent);
    }

    [Fact]
    public async Task Interval_pacer_gets_nothing_but_full_chunks_of_a_fast_response()
    {
        // 1 MB/s: a chunk of 200,000 bytes every 200 ms. The application always has more, but for stalls of 3 ms.
        var chain = new RecordingChain(_time, 0);
        var filter = new RateLimitFilter(new LiveRateLimit(new RateLimit(1_000_000, 0, PacerKind.Interval), _time), default, chain);
        _ = Run(filter);
        for (var i = 0; i < 60; i++)
        {
            await WriteAsync(50_000);
            Advance(3);
        }
        Advance(3000);
        var chunks = chain.Sent.GroupBy(sent => sent.At, sent => sent.Count).Select(chunk => chunk.Sum()).ToArray();
        Assert.Equal(Enumerable.Repeat(200_000L, 15), chunks);
        Assert.Equal(0, _traffic.Flushes[FlushReason.Deadline]);
        Assert.Equal(0, _traffic.Flushes[FlushReason.Guard]);
    }

    [Fact]
    public async Task Body_that_never_runs_dry_lets_others_on_its_thread_have_a_turn()
    {
        var body = new EndlessBody();
        var relay = new ResponseRelay(_policy, _time)
            .RunAsync(body, new RecordingChain(_time, 0), new TrafficScope(_traffic), prompt: false, SocketTimeout, _clientGone.Token)
            .AsTask();
        // It has come back here, though there was always more to read and nothing to wait for.
        body.Stop();
        await relay;
        Assert.Equal(1, _traffic.Flushes[FlushReason.End]);
    }

    private sealed class EndlessBody : IResponseBody
    {
        private readonly byte[] _block = new byte[65_536];
        private volatile bool _stopped;

        public void Stop() => _stopped = true;

        public bool TryRead(out BodyBlock block)
        {
            block = new(_block, _stopped);
            return true;
        }

        public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("it never runs dry");
    }
}
