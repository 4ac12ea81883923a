using System.Security.Cryptography;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Tests.Relay;
using DaemonProxy.Tests.Timing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>What the pacers let through and when, on a clock that the test turns.</summary>
public sealed class PacingTests
{
    private readonly WatchedTime _time = new();
    private readonly RecordingChain _chain;

    public PacingTests() => _chain = new(_time, 0);

    private RateLimitFilter Interval(long rate, long burst = 0) => Filter(rate, burst, PacerKind.Interval);

    private RateLimitFilter TokenBucket(long rate, long burst = 0) => Filter(rate, burst, PacerKind.TokenBucket);

    private RateLimitFilter Filter(long rate, long burst, PacerKind pacer) =>
        new(new LiveRateLimit(new RateLimit(rate, burst, pacer), _time), default, _chain);

    private static void Until(Func<bool> holds) => Assert.True(SpinWait.SpinUntil(holds, TimeSpan.FromSeconds(30)));

    /// <summary>Advances the clock step by step, while the write waits for it, until the write is done.</summary>
    private async Task FinishAsync(Task write, double step = 1)
    {
        for (var i = 0; !write.IsCompleted; i++)
        {
            Assert.True(i < 1_000_000, "the write never ended");
            if (_time.Pending == 0) Until(() => _time.Pending > 0 || write.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(step));
        }
        await write;
    }

    private static Task Write(RateLimitFilter filter, int count, Marker marker = Marker.None) =>
        filter.WriteAsync(new byte[count], marker, default).AsTask();

    [Fact]
    public async Task Interval_sends_a_fifth_of_the_rate_each_200_ms()
    {
        await FinishAsync(Write(Interval(1000), 1000));
        Assert.Equal([(0d, 200L), (200, 200), (400, 200), (600, 200), (800, 200)], _chain.Sent);
    }

    [Fact]
    public async Task Interval_keeps_less_than_a_chunk_until_it_is_full()
    {
        var filter = Interval(1000);
        await Write(filter, 150);
        Assert.Empty(_chain.Sent);
        Assert.Equal(150, filter.Held);
        await FinishAsync(Write(filter, 50));
        Assert.Equal(200, _chain.Sent.Where(sent => sent.At == 0).Sum(sent => sent.Count));
        Assert.Equal(0, filter.Held);
    }

    [Fact]
    public async Task Interval_pays_a_whole_interval_for_each_flush()
    {
        var filter = Interval(1000);
        for (var i = 0; i < 4; i++) await FinishAsync(Write(filter, 10, Marker.Flush));
        Assert.Equal([(0d, 10L), (200, 10), (400, 10), (600, 10)], _chain.Sent);
    }

    [Fact]
    public async Task Interval_before_2434_does_not_slow_calls_with_less_than_a_chunk()
    {
        var filter = Filter(1000, 0, PacerKind.Interval2433);
        for (var i = 0; i < 10; i++) await Write(filter, 199);
        Assert.Equal(Enumerable.Repeat((0d, 199L), 10), _chain.Sent);
        Assert.Equal(10, _chain.Flushes.Count());
    }

    [Fact]
    public async Task Interval_before_2434_sleeps_between_the_chunks_of_one_call()
    {
        var filter = Filter(1000, 0, PacerKind.Interval2433);
        await FinishAsync(Write(filter, 450));
        await FinishAsync(Write(filter, 450));
        Assert.Equal([(0d, 200L), (200, 200), (400, 50), (400, 200), (600, 200), (800, 50)], _chain.Sent);
    }

    [Fact]
    public async Task Interval_burst_counts_the_bytes_sent_and_not_the_calls()
    {
        var filter = Interval(1000, burst: 500);
        for (var i = 0; i < 5; i++) await FinishAsync(Write(filter, 100));
        Assert.Equal(500, _chain.Sent.Sum(sent => sent.Count));
        Assert.Equal(0, _chain.Sent[^1].At);
        await FinishAsync(Write(filter, 400));
        Assert.Equal([(0d, 200L), (200, 200)], _chain.Sent.TakeLast(2));
    }

    [Theory]
    [InlineData(10_000, 512)]
    [InlineData(100_000, 2000)]
    [InlineData(10_000_000, 65_536)]
    public async Task Token_bucket_writes_20_ms_worth_from_512_bytes_to_64_KiB(long rate, long expected)
    {
        await FinishAsync(Write(TokenBucket(rate), (int)rate));
        Assert.Equal(expected, _chain.Sent[0].Count);
        Assert.True(_chain.Sent.Max(sent => sent.Count) <= expected);
    }

    [Fact]
    public async Task Token_bucket_sends_each_write_when_it_is_due()
    {
        await FinishAsync(Write(TokenBucket(100_000), 10_000));
        Assert.Equal([(0d, 2000L), (20, 2000), (40, 2000), (60, 2000), (80, 2000)], _chain.Sent);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Token_bucket_makes_up_for_waking_late(int seed)
    {
        // Whoever is woken up to 60 ms late each time still gets exactly the rate: deadlines, not sleeps.
        var random = new Random(seed);
        var filter = TokenBucket(1_000_000);
        var start = _time.GetTimestamp();
        for (var i = 0; i < 100; i++)
        {
            var write = Write(filter, 100_000);
            while (!write.IsCompleted) _time.Advance(TimeSpan.FromMilliseconds(1 + random.NextDouble() * 60));
            await write;
        }
        var ideal = (10_000_000 - 20_000) / 1_000_000d;
        Assert.Equal(ideal, _time.GetElapsedTime(start).TotalSeconds, tolerance: ideal * 0.001 + 0.061);
    }

    [Fact]
    public async Task Token_bucket_flush_costs_nothing()
    {
        var filter = TokenBucket(100_000);
        for (var i = 0; i < 100; i++) await FinishAsync(Write(filter, 100, Marker.Flush));
        Assert.Equal(100, _chain.Sent[^1].At, tolerance: 2);
    }

    [Fact]
    public async Task Token_bucket_gives_no_credit_for_a_pause_but_one_write()
    {
        var filter = TokenBucket(100_000);
        await FinishAsync(Write(filter, 2000));
        _time.Advance(TimeSpan.FromSeconds(10));
        var before = _chain.Sent.Count;
        var start = _chain.Sent[^1].At + 10_000;
        await FinishAsync(Write(filter, 20_000));
        var sent = _chain.Sent.Skip(before).ToArray();
        Assert.True(sent.Where(write => write.At <= start + 1).Sum(write => write.Count) <= 4000, "at once: " + string.Join(", ", sent));
        Assert.True(sent[^1].At >= start + 160);
    }

    [Fact]
    public async Task Token_bucket_burst_leaves_at_once_and_the_rest_at_the_rate()
    {
        await FinishAsync(Write(TokenBucket(100_000, burst: 50_000), 100_000));
        Assert.Equal(50_000, _chain.Sent.Where(sent => sent.At == 0).Sum(sent => sent.Count), tolerance: 2000d);
        Assert.Equal(480, _chain.Sent[^1].At, tolerance: 2);
    }

    [Fact]
    public async Task Token_bucket_burst_is_not_used_up_by_small_blocks()
    {
        var filter = TokenBucket(100_000, burst: 50_000);
        for (var i = 0; i < 100; i++) await FinishAsync(Write(filter, 500));
        Assert.Equal(0, _chain.Sent[^1].At);
    }

    [Theory]
    [InlineData(PacerName.Interval, 1)]
    [InlineData(PacerName.Interval, 2)]
    [InlineData(PacerName.TokenBucket, 3)]
    [InlineData(PacerName.TokenBucket, 4)]
    public async Task No_byte_is_lost_or_reordered(PacerName pacer, int seed)
    {
        var random = new Random(seed);
        var filter = pacer == PacerName.Interval ? Interval(200_000, burst: 70_000) : TokenBucket(200_000, burst: 70_000);
        var all = new byte[500_000];
        random.NextBytes(all);
        for (var position = 0; position < all.Length;)
        {
            var count = Math.Min(random.Next(1, 30_000), all.Length - position);
            var end = position + count == all.Length;
            var block = all.AsMemory(position, count);
            await FinishAsync(
                (end ? filter.EndAsync(block, [], default) : filter.WriteAsync(block, (Marker)random.Next(0, 2), default))
                .AsTask(), step: 5);
            position += count;
        }
        Assert.Equal(Convert.ToHexString(SHA256.HashData(all)), Convert.ToHexString(SHA256.HashData(_chain.Bytes)));
        Assert.True(_chain.HasEnded);
        Assert.Equal(0, filter.Held);
    }

    [Theory]
    [InlineData(PacerKind.TokenBucket, PacerKind.TokenBucket, 100_000)]
    [InlineData(PacerKind.Interval, PacerKind.TokenBucket, 100_000)]
    [InlineData(PacerKind.TokenBucket, PacerKind.Interval, 100_000)]
    [InlineData(PacerKind.TokenBucket, PacerKind.TokenBucket, 0)]
    [InlineData(PacerKind.Interval, PacerKind.Interval, 0)]
    public async Task New_limit_holds_for_what_is_in_flight(PacerKind before, PacerKind after, long rate)
    {
        // At 1 byte a second even the first write would be waited for all day.
        var limit = new LiveRateLimit(new RateLimit(1, 0, before), _time);
        using var filter = new RateLimitFilter(limit, default, _chain);
        var data = RandomNumberGenerator.GetBytes(50_000);
        var write = filter.EndAsync(data, [], default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(write.IsCompleted);
        var (start, settings) = (_time.GetUtcNow(), _time.Settings);
        limit.Limit = new RateLimit(rate, 1_000_000, after);
        // It is woken on another thread; no time passes before it waits by its new pacer's timer.
        Until(() => _time.Settings > settings || write.IsCompleted);
        await FinishAsync(write);
        var took = (_time.GetUtcNow() - start).TotalSeconds;
        // No second burst, and what the old limit had waited for is forgotten.
        if (rate == 0) Assert.Equal(0, took);
        else Assert.InRange(took, 0.25, 0.55);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(data)), Convert.ToHexString(SHA256.HashData(_chain.Bytes)));
    }

    [Fact]
    public async Task Response_without_a_limit_takes_one_that_is_set()
    {
        var limit = new LiveRateLimit(new RateLimit(0, 0, PacerKind.TokenBucket), _time);
        using var filter = new RateLimitFilter(limit, default, _chain);
        await Write(filter, 1_000_000);
        Assert.Equal(0, _chain.Sent[^1].At);
        limit.Limit = new RateLimit(100_000, 0, PacerKind.TokenBucket);
        await FinishAsync(Write(filter, 100_000));
        Assert.InRange(_chain.Sent[^1].At, 900, 1000);
    }

    [Fact]
    public async Task Wait_for_a_turn_ends_when_the_client_has_left()
    {
        using var gone = new CancellationTokenSource();
        var filter = TokenBucket(1000);
        var write = filter.WriteAsync(new byte[5000], Marker.None, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    public enum PacerName
    {
        Interval,
        TokenBucket,
    }
}
