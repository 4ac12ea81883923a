using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Timing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>What the relay's flushes leave of a rate that an interval pacer keeps, on a clock that the test turns.</summary>
public sealed class FlushingUnderPacingTests
{
    private const int KiB = 1024;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(0.5);

    private readonly FakeTimeProvider _time = new();

    /// <summary>
    /// The behaviour before 6.0.2 with a daemon that is always ahead: shares of the rate that mod_wsgi 6.0.1 was measured to get, whatever
    /// the size of the application's chunks (docs/behaviour.md).
    /// </summary>
    [Theory]
    [InlineData(100, 0.891)]
    [InlineData(400, 0.890)]
    [InlineData(1_000, 0.346)]
    [InlineData(4_000, 0.088)]
    [InlineData(16_000, 0.022)]
    public async Task Policy_before_6_0_2_gets_the_share_that_the_original_gets_however_fast_the_daemon_is(int rate, double original)
    {
        foreach (var received in new[] { KiB, 8 * KiB, 64 * KiB, 256 * KiB, 1024 * KiB })
        {
            var share = await ShareAsync(
                FlushPolicy.Before602, rate * KiB, new Application(_time, received, () => 0, FourSecondsOf(rate * original)));
            Assert.True(share > 0.85 * original && share < 1.15 * original,
                $"{received} bytes a read: {share:0.000} of the rate, where the original gets {original}");
        }
    }

    [Theory]
    [InlineData(4_000, 16, 3)]
    [InlineData(4_000, 64, 3)]
    [InlineData(400, 16, 3)]
    [InlineData(16_000, 64, 3)]
    public async Task Deadline_costs_an_application_that_stalls_nothing_of_its_rate(int rate, int chunk, double longestStall)
    {
        foreach (var delay in new[] { 5, 20 })
        {
            var policy = FlushPolicy.Default with { FlushDelay = TimeSpan.FromMilliseconds(delay) };
            var withDeadline = await ShareAsync(policy, rate * KiB, Stalling());
            var without = await ShareAsync(policy with { FlushDeadline = TimeSpan.Zero }, rate * KiB, Stalling());
            Assert.True(withDeadline >= 0.99 * without,
                $"delay {delay} ms: {withDeadline:0.000} of the rate with the deadline, {without:0.000} without it");
        }

        Application Stalling()
        {
            var random = new Random(6);
            return new(_time, chunk * KiB, () => 0.2 + (random.NextDouble() * (longestStall - 0.2)), FourSecondsOf(rate));
        }
    }

    [Theory]
    [InlineData(16, 2.8, 5.0)]
    [InlineData(64, 10, 20.8)]
    public async Task Auto_reads_the_next_write_ahead_while_the_pacer_sleeps(int chunk, double shortest, double longest)
    {
        // An application that is just fast enough: it makes 1.03 of the rate.
        var auto = await ShareAsync(FlushPolicy.Default with { FlushDelay = FlushPolicy.Auto }, 4_000 * KiB, Stalling());
        var original = await ShareAsync(
            FlushPolicy.Default with { FlushDelay = TimeSpan.FromMilliseconds(20), FlushDeadline = TimeSpan.Zero }, 4_000 * KiB, Stalling());
        Assert.True(auto >= 0.93, $"{auto:0.000} of the rate");
        Assert.True(original < 0.7, $"{original:0.000} of the rate without reading ahead");

        Application Stalling()
        {
            var random = new Random(6);
            return new(_time, chunk * KiB, () => shortest + (random.NextDouble() * (longest - shortest)), FourSecondsOf(4_000));
        }
    }

    [Fact]
    public async Task Deadline_still_bounds_how_long_a_trickle_waits_for_a_pacer_that_wants_full_writes()
    {
        var share = new RecordingChain(_time, 4095);
        // 32 bytes every 3 ms below a limit of which they are no fortieth: by the delay alone a write would leave when a whole interval's
        // worth has come.
        var body = new Application(_time, 32, () => 3, 32 * 1000);
        await RunAsync(FlushPolicy.Default, 400 * KiB, body, share);
        var gaps = share.Sent.Zip(share.Sent.Skip(1), (one, next) => next.At - one.At).ToList();
        Assert.True(gaps.Max() <= 650, $"the longest gap was {gaps.Max()} ms");
    }

    private static int FourSecondsOf(double kibibytes) => (int)(4 * kibibytes * KiB);

    private async Task<double> ShareAsync(FlushPolicy policy, long rate, Application body)
    {
        var chain = new RecordingChain(_time, 4095);
        var start = _time.GetTimestamp();
        await RunAsync(policy, rate, body, chain);
        return body.Total / _time.GetElapsedTime(start).TotalSeconds / rate;
    }

    private async Task RunAsync(FlushPolicy policy, long rate, Application body, RecordingChain chain)
    {
        using var pacing = new RateLimitFilter(new LiveRateLimit(new RateLimit(rate, 0, PacerKind.Interval), _time), default, chain);
        // What reads ahead goes on at once, not when the pool gets round to it: the clock would not wait for that.
        var run = new ResponseRelay(new LiveFlushPolicy(policy), _time, PipeScheduler.Inline)
            .RunAsync(body, pacing, new TrafficScope(new TrafficCounter()), prompt: false, TimeSpan.FromSeconds(60), default).AsTask();
        for (var step = 0; !run.IsCompleted && !chain.HasEnded; step++)
        {
            Assert.True(step < 200_000, "the response never ended");
            _time.Advance(Step);
        }
        await run;
    }

    /// <summary>An application that writes chunks with stalls between them, and stands still while the socket to it is full.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="chunk">Bytes of a chunk.</param>
    /// <param name="stall">Milliseconds before the next one.</param>
    /// <param name="total">Bytes of the body.</param>
    private sealed class Application(FakeTimeProvider time, int chunk, Func<double> stall, int total) : IResponseBody
    {
        private const int LargestRead = 256 * KiB;
        private const int Socket = 208 * KiB;

        private readonly byte[] _memory = new byte[Math.Max(LargestRead, chunk)];
        private readonly TimedWait _wait = new(time);
        private long _next = time.GetTimestamp();
        private int _written;
        private int _read;
        private int _block;

        public int Total => total;

        public IReadOnlyList<KeyValuePair<string, string>> Trailers => [];

        public bool TryRead(out BodyBlock block)
        {
            _read += _block;
            Write();
            _block = Math.Min(Math.Max(LargestRead, chunk), _written - _read);
            block = new(_memory.AsMemory(0, _block), _read + _block == total);
            return _block > 0;
        }

        public async ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
        {
            Write();
            if (_written > _read) return true;
            var left = time.GetElapsedTime(time.GetTimestamp(), _next);
            var isLate = limit >= TimeSpan.Zero && limit < left;
            if (left > TimeSpan.Zero) await _wait.WaitAsync(isLate ? limit : left, cancellationToken).ConfigureAwait(false);
            if (isLate) return false;
            Write();
            return _written > _read;
        }

        private void Write()
        {
            var now = time.GetTimestamp();
            while (_written < total && _next <= now && _written - _read <= Math.Max(Socket - chunk, 0))
            {
                _written = Math.Min(total, _written + chunk);
                _next += (long)(stall() * time.TimestampFrequency / 1000);
            }
            // Whoever could not write has stalled no less for it.
            if (_next < now && _written < total) _next = now;
        }
    }
}
