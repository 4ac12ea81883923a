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
    public void Distribution_reads_as_a_sentence_where_no_view_shows_it()
    {
        var distribution = new LatencyDistribution(
            200, TimeSpan.FromMilliseconds(5.6), TimeSpan.FromMilliseconds(8.71), TimeSpan.FromMilliseconds(1021.4));

        Assert.Equal("median 5.6 ms, 99% within 8.7 ms, longest 1021.4 ms", distribution.ToString());
        Assert.Equal("none", LatencyDistribution.From([]).ToString());
    }

    [Fact]
    public void No_latencies_have_no_distribution()
    {
        Assert.Equal(0, LatencyDistribution.From([]).Count);
    }
}
