using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Verifying;

public class FlushWorkloadTests
{
    private static readonly FlushPolicy Original = FlushPolicy.Default with { FlushDeadline = TimeSpan.Zero };

    [Fact]
    public void An_application_silent_for_longer_than_the_delay_waits_for_the_delay()
    {
        Assert.Equal(Ms(10), FlushWorkload.SlowDrip.Bound(FlushPolicy.Default));
        Assert.Equal(Ms(10), FlushWorkload.SlowDrip.Bound(Original));
        Assert.Equal(Ms(5), FlushWorkload.SlowDrip.Bound(FlushPolicy.Before602));
    }

    [Fact]
    public void An_application_that_trickles_waits_for_the_deadline_or_for_ever()
    {
        Assert.Equal(Ms(55), FlushWorkload.FastDrip.Bound(FlushPolicy.Default));
        Assert.Null(FlushWorkload.FastDrip.Bound(Original));
    }

    [Fact]
    public void A_deadline_shorter_than_the_delay_is_the_bound()
    {
        Assert.Equal(Ms(25), FlushWorkload.SlowDrip.Bound(new FlushPolicy(Ms(22), 8 << 20, Ms(20))));
    }

    [Fact]
    public void A_slow_drip_is_judged_by_its_99th_percentile()
    {
        Assert.True(FlushWorkload.SlowDrip.Judge(FlushPolicy.Default, Latency(p99: 10, maximum: 30), mustWait: false).Passed);
        Assert.False(FlushWorkload.SlowDrip.Judge(FlushPolicy.Default, Latency(p99: 10.1, maximum: 30), mustWait: false).Passed);
    }

    [Fact]
    public void A_fast_drip_is_judged_by_its_longest_wait()
    {
        Assert.True(FlushWorkload.FastDrip.Judge(FlushPolicy.Default, Latency(p99: 50, maximum: 55), mustWait: false).Passed);
        Assert.False(FlushWorkload.FastDrip.Judge(FlushPolicy.Default, Latency(p99: 50, maximum: 55.1), mustWait: false).Passed);
    }

    [Fact]
    public void The_original_is_expected_to_make_a_fast_drip_wait()
    {
        Assert.True(FlushWorkload.FastDrip.Judge(Original, Latency(p99: 900, maximum: 1000), mustWait: true).Passed);
        Assert.False(FlushWorkload.FastDrip.Judge(Original, Latency(p99: 5, maximum: 6), mustWait: true).Passed);
    }

    [Fact]
    public void Nothing_measured_is_not_passed()
    {
        Assert.False(FlushWorkload.SlowDrip.Judge(FlushPolicy.Default, LatencyDistribution.From([]), mustWait: false).Passed);
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMicroseconds(milliseconds * 1000);

    private static LatencyDistribution Latency(double p99, double maximum) => new(100, Ms(1), Ms(p99), Ms(maximum));
}
