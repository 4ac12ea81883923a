using DaemonProxy.Pacing;
using DaemonProxy.Tests.Fleet;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>A limiter whose rate is a share: what it measures, and that a change neither forgives nor invents bytes.</summary>
public sealed class LimiterShareTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Rate_that_changes_ten_times_a_second_is_kept_to_a_write()
    {
        using var limiter = Create(1_000_000);
        var response = VirtualResponse.Start(limiter);
        var allowed = 0.0;
        for (var i = 0; i < 100; i++)
        {
            var rate = i % 2 == 0 ? 1_000_000 : 700_000;
            limiter.SetShare(rate);
            _time.Advance(TimeSpan.FromMilliseconds(100));
            allowed += rate / 10.0;
        }
        Assert.InRange(response.Sent - allowed, -20_000, 20_000);
    }

    [Fact]
    public void Demand_tells_hungry_responses_from_content_and_silent_ones()
    {
        using var limiter = Create(1_000_000);
        using var silent = new TokenBucketPacer(limiter);
        _ = VirtualResponse.Start(limiter);
        _ = VirtualResponse.Start(limiter);
        using var own = new ByteRateLimiter(100_000, _time);
        _ = VirtualResponse.Start(own, limiter);
        _time.Advance(TimeSpan.FromSeconds(1));
        limiter.TakeDemand();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        var demand = limiter.TakeDemand();
        Assert.Equal((4, 2, 1), (demand.Responses, demand.Hungry, demand.Content));
        Assert.InRange(demand.ContentRate, 90_000, 110_000);
    }

    [Fact]
    public void Response_without_a_share_asks_for_one_and_goes_on_when_it_has_it()
    {
        var wanted = 0;
        using var limiter = ByteRateLimiter.CreateForShare(ByteRateLimiter.NoShare, _time, new PacingLoad(), () => wanted++);
        var response = VirtualResponse.Start(limiter);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, wanted);
        Assert.InRange(response.Sent, 0, 512);
        limiter.SetShare(100_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(response.Sent, 98_000, 103_000);
    }

    private ByteRateLimiter Create(long rate) => ByteRateLimiter.CreateForShare(rate, _time, new PacingLoad(), () => { });
}
