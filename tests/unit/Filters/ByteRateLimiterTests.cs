using System.Threading.RateLimiting;
using DaemonProxy.Pacing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>The limiter by the contract of its package: what it says can be had can be had, and nothing else.</summary>
public sealed class ByteRateLimiterTests
{
    private readonly FakeTimeProvider _time = new();

    private ByteRateLimiter Limiter(long rate, long burst = 0) => new(rate, _time, burst: burst);

    private static long Available(RateLimiter limiter) => limiter.GetStatistics()!.CurrentAvailablePermits;

    private void Pass(double seconds)
    {
        for (var i = 0; i < seconds * 1000; i++) _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    public static TheoryData<long, long, long> Limits => new()
    {
        // Rate, burst, what a full one has: the burst, or 20 ms' worth, or the smallest write.
        { 1, 0, 512 },
        { 10_000, 0, 512 },
        { 1_000_000, 0, 20_000 },
        { 100_000_000, 0, 2_000_000 },
        { 10_000, 300, 512 },
        { 10_000, 50_000, 50_000 },
        { 1_000_000, 30_000_000, 30_000_000 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Full_limiter_grants_what_it_says_and_then_nothing_until_that_is_paid_for(long rate, long burst, long full)
    {
        using var limiter = Limiter(rate, burst);
        Assert.Equal(full, limiter.PermitLimit);
        Assert.Equal(full, Available(limiter));
        Assert.True(limiter.AttemptAcquire((int)full).IsAcquired);
        // A burst was saved up; anything else is had in advance.
        var owed = Math.Max(0, full - burst) / (double)rate;
        _time.Advance(TimeSpan.FromSeconds(owed * 0.99));
        if (owed > 0)
        {
            Assert.Equal(0, Available(limiter));
            Assert.False(limiter.AttemptAcquire(1).IsAcquired);
            Assert.False(limiter.AttemptAcquire(0).IsAcquired);
        }
        _time.Advance(TimeSpan.FromSeconds(owed * 0.02));
        Assert.InRange(Available(limiter), 1, Math.Max(512, rate / 50 + 1));
        Assert.True(limiter.AttemptAcquire(0).IsAcquired);
        Assert.True(limiter.AttemptAcquire(1).IsAcquired);
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public void More_than_is_available_is_refused_and_takes_nothing(long rate, long burst, long full)
    {
        using var limiter = Limiter(rate, burst);
        Assert.True(limiter.AttemptAcquire((int)(full / 2)).IsAcquired);
        var left = Available(limiter);
        var refused = limiter.AttemptAcquire((int)Math.Min(left + 1, full));
        Assert.Equal(left == full, refused.IsAcquired);
        if (left == full) return;
        Assert.Equal(left, Available(limiter));
        Assert.Equal(1, limiter.GetStatistics()!.TotalFailedLeases);
        Assert.Equal(1, limiter.GetStatistics()!.TotalSuccessfulLeases);
        if (left > 0) Assert.True(limiter.AttemptAcquire((int)left).IsAcquired);
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task More_than_there_can_ever_be_is_an_error(long rate, long burst, long full)
    {
        using var limiter = Limiter(rate, burst);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.AttemptAcquire((int)full + 1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => limiter.AcquireAsync((int)full + 1).AsTask());
        Assert.Equal(full, Available(limiter));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Rate_holds_whatever_is_asked_for(int seed)
    {
        using var limiter = Limiter(100_000, burst: 20_000);
        var random = new Random(seed);
        var got = 0L;
        for (var ms = 0; ms < 20_000; ms++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            var count = random.Next(0, 20_001);
            if (limiter.AttemptAcquire(count).IsAcquired) got += count;
            if (limiter.AttemptAcquire(500).IsAcquired) got += 500;
            // The burst, what time has given, and one write in advance.
            Assert.InRange(got, 0, 20_000 + (ms + 1) * 100 + 2_000);
        }
        Assert.InRange(got, 20 * 100_000 * 0.98, long.MaxValue);
    }

    [Fact]
    public async Task Acquisition_waits_as_long_as_what_it_asks_for_takes_to_come()
    {
        using var limiter = Limiter(10_000, burst: 50_000);
        Assert.True((await limiter.AcquireAsync(50_000)).IsAcquired);
        var acquisition = limiter.AcquireAsync(50_000).AsTask();
        Pass(4.9);
        Assert.False(acquisition.IsCompleted);
        Pass(0.15);
        Assert.True(acquisition.IsCompleted);
        Assert.True((await acquisition).IsAcquired);
        // One lease each, in however many writes they were granted.
        Assert.Equal(2, limiter.GetStatistics()!.TotalSuccessfulLeases);
    }

    [Fact]
    public async Task Those_who_wait_are_counted_in_permits_and_nobody_gets_ahead_of_them()
    {
        using var limiter = Limiter(10_000);
        Assert.True(limiter.AttemptAcquire(512).IsAcquired);
        var first = limiter.AcquireAsync(300).AsTask();
        var second = limiter.AcquireAsync(200).AsTask();
        Assert.Equal(500, limiter.GetStatistics()!.CurrentQueuedCount);
        Assert.Equal(0, Available(limiter));
        Assert.False(limiter.AttemptAcquire(1).IsAcquired);
        Pass(0.2);
        Assert.True((await first).IsAcquired);
        Assert.True((await second).IsAcquired);
        Assert.Equal(0, limiter.GetStatistics()!.CurrentQueuedCount);
    }

    [Fact]
    public async Task Acquisition_that_is_cancelled_has_taken_nothing()
    {
        using var limiter = Limiter(10_000, burst: 50_000);
        Assert.True(limiter.AttemptAcquire(50_000).IsAcquired);
        using var cancelled = new CancellationTokenSource();
        var acquisition = limiter.AcquireAsync(50_000, cancelled.Token).AsTask();
        Pass(3);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquisition);
        Assert.Equal(0, limiter.GetStatistics()!.CurrentQueuedCount);
        Assert.Equal(1, limiter.GetStatistics()!.TotalSuccessfulLeases);
        // What came in three seconds, as if nobody had asked.
        Assert.InRange(Available(limiter), 29_900, 30_100);
    }

    [Fact]
    public async Task Disposed_limiter_grants_nothing_and_lets_nobody_wait()
    {
        var limiter = Limiter(10_000);
        Assert.True(limiter.AttemptAcquire(512).IsAcquired);
        var waiting = limiter.AcquireAsync(100).AsTask();
        await limiter.DisposeAsync();
        Assert.False((await waiting.WaitAsync(TimeSpan.FromSeconds(30))).IsAcquired);
        Assert.Throws<ObjectDisposedException>(() => limiter.AttemptAcquire(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => limiter.AcquireAsync(1).AsTask());
    }

    [Fact]
    public async Task Partitions_of_the_package_work_with_it()
    {
        await using var clients = PartitionedRateLimiter.Create<string,
            string>(client => RateLimitPartition.Get(client, _ => (RateLimiter)Limiter(10_000)));
        Assert.True(clients.AttemptAcquire("a", 512).IsAcquired);
        Assert.False(clients.AttemptAcquire("a", 1).IsAcquired);
        Assert.True(clients.AttemptAcquire("b", 512).IsAcquired);
        Assert.Equal(0, clients.GetStatistics("b")!.CurrentAvailablePermits);
    }
}
