using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class PacingCurveTests
{
    private const int Rate = 8192;
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);

    [Fact]
    public void Small_writes_with_a_millisecond_of_jitter_make_equal_seconds()
    {
        var random = new Random(602);
        var curve = Curve(Writes(i => (i * 62.5) + random.NextDouble() * 2 - 1, 512, 180));

        Assert.Equal(10, curve.Seconds().Count);
        Assert.All(curve.Seconds(), bytes => Assert.InRange(bytes, Rate * 0.99, Rate * 1.01));
        Assert.InRange(curve.BusiestSecond()!.Value, Rate * 0.99, Rate * 1.01);
    }

    [Fact]
    public void Counted_by_the_second_the_same_writes_would_be_six_percent_apart()
    {
        // What the curve is for: without it this is what a steady server looks like.
        var random = new Random(602);
        var counts = Writes(i => (i * 62.5) + random.NextDouble() * 2 - 1, 512, 180).Skip(1).GroupBy(write => (int)write.Time.TotalSeconds)
            .Take(10).Select(second => second.Count());

        Assert.NotEqual(counts.Min(), counts.Max());
    }

    [Fact]
    public void A_chunk_each_200_ms_makes_equal_seconds()
    {
        var curve = Curve(Writes(i => i * 200, Rate / 5, 60, pieces: 4));

        Assert.All(curve.Seconds(), bytes => Assert.InRange(bytes, Rate * 0.995, Rate * 1.005));
        Assert.InRange(curve.BusiestSecond()!.Value, Rate * 0.99, Rate * 1.01);
    }

    [Fact]
    public void Pauses_of_200_to_205_ms_are_the_loss_that_they_are()
    {
        var random = new Random(602);
        double time = 0;
        var curve = Curve(Writes(i => i == 0 ? 0 : time += 200 + (random.NextDouble() * 5), Rate / 5, 60));

        Assert.All(curve.Seconds(), bytes => Assert.InRange(bytes, Rate * 0.97, Rate * 0.999));
    }

    [Fact]
    public void Bursts_a_second_apart_are_bursts()
    {
        // As nginx sends: what a second and a bit may have, at once, 1.3 s apart.
        var curve = Curve(Writes(i => i * 1300, Rate * 13 / 10, 12, pieces: 3));

        Assert.Contains(curve.Seconds(), bytes => bytes == 0);
        Assert.Contains(curve.Seconds(), bytes => bytes > Rate * 1.25);
        Assert.Equal(Rate * 1.3, curve.BusiestSecond()!.Value, tolerance: Rate * 0.01);
    }

    [Fact]
    public void The_busiest_second_is_found_wherever_it_begins()
    {
        // 0.9 s apart: a second that begins with one burst has the next too, though no whole second may.
        var curve = Curve(Writes(i => i * 900, Rate, 14));

        Assert.Equal(2 * Rate, curve.BusiestSecond()!.Value, tolerance: Rate * 0.01);
    }

    [Fact]
    public void A_silence_in_a_steady_flow_stays_one()
    {
        // Due every 20 ms; nothing arrives from 4.1 s to 4.9 s, then what was due at once.
        var curve = Curve(
            Enumerable.Range(0, 600).Select(i => new ArrivedBytes(Ms(i * 20 is > 4100 and < 4900 ? 4900 : i * 20), (i + 1) * Rate / 50)));

        Assert.Equal(curve.BytesAt(Ms(4200)), curve.BytesAt(Ms(4890)), tolerance: 1);
        Assert.InRange(curve.BusiestSecond()!.Value, Rate * 1.7, Rate * 1.9);
    }

    [Fact]
    public void Less_than_a_second_has_no_seconds()
    {
        var curve = new PacingCurve([.. Writes(i => i * 100, 100, 9)], Ms(800));

        Assert.Empty(curve.Seconds());
        Assert.Null(curve.BusiestSecond());
    }

    private static PacingCurve Curve(IEnumerable<ArrivedBytes> arrivals) => new([.. arrivals], TenSeconds);

    /// <summary>Writes of equal size, in pieces 0.1 ms apart; the first at 0.</summary>
    private static IEnumerable<ArrivedBytes> Writes(Func<int, double> at, int size, int count, int pieces = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var begin = Math.Max(0, at(i));
            for (var piece = 1; piece <= pieces; piece++)
                yield return new ArrivedBytes(
                    Ms(i == 0 ? 0.1 * (piece - 1) : begin + (0.1 * (piece - 1))), ((long)i * size) + ((long)size * piece / pieces));
        }
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMicroseconds(milliseconds * 1000);
}
