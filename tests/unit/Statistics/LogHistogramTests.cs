using DaemonProxy.Statistics;
using Xunit;

namespace DaemonProxy.Tests.Statistics;

public sealed class LogHistogramTests
{
    [Theory]
    [InlineData(500, 600_000_000, 4)]
    [InlineData(16, 64 << 20, 2)]
    [InlineData(1, 10, 1)]
    public void Value_belongs_to_the_first_bucket_that_reaches_it(long first, long last, int perOctave)
    {
        var scale = new LogScale(first, last, perOctave);
        Assert.Equal(first, scale.Bounds[0]);
        Assert.True(scale.Bounds[^1] >= last && scale.Bounds[^2] < last);
        for (var i = 0; i < scale.Bounds.Count; i++)
        {
            Assert.Equal(i, scale.IndexOf(scale.Bounds[i]));
            Assert.Equal(i + 1, scale.IndexOf(scale.Bounds[i] + 1));
        }
        Assert.Equal((0, 0, scale.Bounds.Count), (scale.IndexOf(0), scale.IndexOf(-5), scale.IndexOf(long.MaxValue)));
    }

    [Fact]
    public void Empty_buckets_are_left_out_and_the_last_has_no_bound()
    {
        var histogram = new LogHistogram(new LogScale(10, 100, 1));
        foreach (var value in new long[] { 3, 10, 11, 500, 20 }) histogram.Count(value);
        Assert.Equal([(10, 2), (20, 2), (long.MaxValue, 1)], histogram.Buckets());
    }

    [Fact]
    public void First_bucket_of_sizes_begins_at_one_byte_and_every_other_where_the_one_below_ends()
    {
        var counter = new WritingCounter();
        for (long bytes = 1; bytes <= 256 << 20; bytes *= 2) counter.Count(new DrySpell(TimeSpan.Zero, bytes, bytes));
        var buckets = counter.Status().BytesBeforeStalls;
        Assert.Equal((16, 1.0), (buckets[0].UpTo, buckets[0].LowerBound));
        Assert.Equal(Enumerable.Range(1, buckets.Count - 2).Select(i => buckets[i].UpTo / Math.Sqrt(2)),
            buckets.Skip(1).SkipLast(1).Select(bucket => bucket.LowerBound), (one, other) => Math.Abs(one - other) < 1e-6 * one);
    }
}
