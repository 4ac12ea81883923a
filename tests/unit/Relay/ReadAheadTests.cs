using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>
/// A response under <c>response-flush-delay: auto</c> and an interval limit is read ahead; its client sees the same response as without.
/// </summary>
public sealed class ReadAheadTests
{
    private const int KiB = 1024;
    private const int Rate = 4000 * KiB;
    private const int Write = Rate / 5;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly FlushPolicy Auto = FlushPolicy.Default with { FlushDelay = FlushPolicy.Auto };

    private readonly VirtualTime _time = new();
    private readonly TrafficCounter _traffic = new();

    public static TheoryData<int, int> Bodies { get; } = new MatrixTheoryData<int, int>(
        [0, 1, 4096, 65_536, 256 * KiB, (256 * KiB) + 1, Write, 2 * Write, (2 * Write) + 1, 5_000_000],
        [1000, 65_536, 262_144]);

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_byte_comes_once_in_order_and_the_end_with_its_trailers(int length, int block)
    {
        foreach (var buffer in new[] { FlushPolicy.SmallestBufferSize, 1 << 20, 8 << 20 })
        {
            var client = new Recorder();
            Relay(new Source(length, block, breaks: false, _time), client, Auto with { BufferSize = buffer });
            Assert.Equal(Expected(length), client.Bytes);
            Assert.Equal([new("X-Sum", "1")], Assert.IsAssignableFrom<IReadOnlyList<KeyValuePair<string, string>>>(client.Trailers));
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Truncated_response_is_never_ended_and_what_came_before_arrives(int length, int block)
    {
        var client = new Recorder();
        var broken = Assert.IsType<BrokenResponseException>(Relay(new Source(length, block, breaks: true, _time), client, Auto));
        Assert.Equal(EventCatalogue.BodyReadError, broken.Reason);
        Assert.Null(client.Trailers);
        Assert.Equal(Expected(length), client.Bytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Client_that_leaves_ends_the_reading_and_waits_for_nothing(int writes)
    {
        var source = new Source(50_000_000, 16_384, breaks: false, _time);
        var client = new Recorder { LeavesAfter = writes };
        Assert.IsAssignableFrom<OperationCanceledException>(Relay(source, client, Auto));
        Assert.Null(client.Trailers);
        Assert.True(source.HasStopped);
        // What the client has had, the writes read ahead, and what the chain had gathered.
        Assert.InRange(source.Taken, 0, (writes + 4) * Write);
    }

    [Fact]
    public void Client_that_leaves_while_the_source_is_silent_ends_the_reading()
    {
        using var leaves = new CancellationTokenSource();
        var source = new Source(16_384, 16_384, breaks: false, _time) { IsSilentAtTheEnd = true };
        _ = LeaveAsync();
        Assert.IsAssignableFrom<OperationCanceledException>(Relay(source, new Recorder(), Auto, leaves.Token));
        Assert.True(source.HasStopped);

        async Task LeaveAsync()
        {
            await _time.PassAsync(TimeSpan.FromSeconds(3)).ConfigureAwait(false);
            leaves.Cancel();
        }
    }

    [Fact]
    public void Source_that_falls_silent_breaks_off_after_the_socket_timeout()
    {
        var client = new Recorder();
        var broken = Assert.IsType<BrokenResponseException>(
            Relay(new Source(16_384, 16_384, breaks: false, _time) { IsSilentAtTheEnd = true }, client, Auto));
        Assert.Equal(EventCatalogue.BodyReadTimeout, broken.Reason);
        Assert.Equal(Expected(16_384), client.Bytes);
        Assert.Null(client.Trailers);
        Assert.InRange(_time.Now, Minute, Minute + TimeSpan.FromSeconds(1));
    }

    /// <summary>Live changes of the delay while a response is under way, in both directions.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Change_between_auto_and_a_number_loses_no_byte_of_a_response_in_flight(bool isAutoFirst)
    {
        var live = new LiveFlushPolicy(isAutoFirst ? Auto : FlushPolicy.Default);
        _ = ChangeAsync();
        var client = new Recorder();
        Assert.Null(Relay(new Source(12_000_000, 20_000, breaks: false, _time), client, live));
        Assert.Equal(Expected(12_000_000), client.Bytes);
        Assert.NotNull(client.Trailers);

        async Task ChangeAsync()
        {
            for (var i = 0; i < 6; i++)
            {
                await _time.PassAsync(TimeSpan.FromMilliseconds(310)).ConfigureAwait(false);
                live.Current = (i % 2 == 0) == isAutoFirst
                    ? FlushPolicy.Default with { FlushDelay = TimeSpan.FromMilliseconds(i) } : Auto with { BufferSize = 65_536 };
            }
        }
    }

    private static byte[] Expected(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private Exception? Relay(Source source, Recorder client, FlushPolicy policy, CancellationToken clientGone = default) =>
        Relay(source, client, new LiveFlushPolicy(policy), clientGone);

    private Exception? Relay(Source source, Recorder client, LiveFlushPolicy policy, CancellationToken clientGone = default)
    {
        using var limit = new LiveRateLimit(new RateLimit(Rate, 0, PacerKind.Interval), _time);
        using var core = new CoreOutput(client, Minute, _time);
        using var pacing = new RateLimitFilter(limit, default, core);
        var relay = new ResponseRelay(policy, _time, _time.Turns);
        Exception? failure = null;
        _time.Run(async () =>
        {
            try
            {
                await relay.RunAsync(source, pacing, new TrafficScope(_traffic), prompt: false, Minute, clientGone).ConfigureAwait(false);
            }
            catch (Exception caught)
            {
                failure = caught;
            }
        });
        return failure;
    }

    /// <summary>A daemon's response: blocks, each 1 ms after the one before but every other one at once, and then an end or a break.</summary>
    private sealed class Source(int length, int block, bool breaks, VirtualTime time) : IResponseBody
    {
        private readonly byte[] _bytes = Expected(length);
        private byte[] _lent = [];
        private bool _isDry;
        private int _blocks;

        public int Taken { get; private set; }

        public bool IsSilentAtTheEnd { get; init; }

        /// <summary>Whether nobody waits for more.</summary>
        public bool HasStopped { get; private set; } = true;

        public IReadOnlyList<KeyValuePair<string, string>> Trailers => Taken == length ? [new("X-Sum", "1")] : [];

        public bool TryRead(out BodyBlock read)
        {
            // The memory of the last block is used for another.
            Array.Fill(_lent, (byte)0xEE);
            read = default;
            if (_isDry || (IsSilentAtTheEnd && Taken == length)) return false;
            var count = Math.Min(block, length - Taken);
            if (count == 0 && breaks) throw new BrokenResponseException(EventCatalogue.BodyReadError, "it broke off");
            _lent = _bytes.AsSpan(Taken, count).ToArray();
            Taken += count;
            _isDry = _blocks++ % 2 == 0;
            read = new(_lent, Taken == length && !breaks && !IsSilentAtTheEnd);
            return true;
        }

        public async ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
        {
            var silence = IsSilentAtTheEnd && Taken == length ? TimeSpan.FromHours(1) : TimeSpan.FromMilliseconds(1);
            var waits = limit >= TimeSpan.Zero && limit < silence ? limit : silence;
            HasStopped = false;
            try
            {
                var stopped = new TaskCompletionSource();
                using var registration = cancellationToken.UnsafeRegister(
                    static state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
                await Task.WhenAny(time.PassAsync(waits), stopped.Task).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
            finally
            {
                HasStopped = true;
            }
            if (waits < silence) return false;
            _isDry = false;
            return true;
        }
    }

    private sealed class Recorder : IResponseClient
    {
        private readonly MemoryStream _bytes = new();
        private int _sends;

        public int LeavesAfter { get; init; } = int.MaxValue;

        public byte[] Bytes => _bytes.ToArray();

        /// <summary>Null: the response has not been ended.</summary>
        public IReadOnlyList<KeyValuePair<string, string>>? Trailers { get; private set; }

        public bool SendsInPlace => true;

        public long Undelivered => 0;

        public bool IsFramed => false;

        public void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

        public ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block)
        {
            _bytes.Write(block.Span);
            return new(new FlushResult(isCanceled: false, isCompleted: _sends++ >= LeavesAfter));
        }

        public ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers)
        {
            Assert.Null(Trailers);
            _bytes.Write(last.Span);
            Trailers = trailers;
            return default;
        }

        public void Abort()
        {
        }
    }
}
