using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class LatencyDistributionTests
{
    [Fact]
    public void Percentiles_are_latencies_that_were_measured()
    {
        var distribution = LatencyDistribution.From(Enumerable.Range(1, 200).Reverse().Select(i => TimeSpan.FromMilliseconds(i)));

        Assert.Equal(
            new LatencyDistribution(200, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(198), TimeSpan.FromMilliseconds(200)),
            distribution);
    }

    [Fact]
    public void No_latencies_have_no_distribution()
    {
        Assert.Equal(0, LatencyDistribution.From([]).Count);
    }
}
