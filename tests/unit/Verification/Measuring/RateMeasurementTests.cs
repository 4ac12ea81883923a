using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class RateMeasurementTests
{
    private const long Rate = 1 << 20;
    private static readonly TimeSpan FiveSeconds = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_chunk_each_200_ms_is_measured_exactly_though_each_comes_in_pieces()
    {
        var measured = Measure(Bursts(period: _ => 200, chunk: Rate / 5, count: 30, pieces: 4));

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-5);
        Assert.Equal(TimeSpan.FromSeconds(5), measured.Duration);
    }

    [Fact]
    public void Writes_each_20_ms_are_measured_exactly()
    {
        var measured = Measure(Bursts(period: _ => 20, chunk: Rate / 50, count: 300, pieces: 1));

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-4);
    }

    [Fact]
    public void A_hiccup_at_the_end_is_not_held_against_a_pacer_that_catches_up()
    {
        // Due every 20 ms; nothing arrives from 4.9 s to 5.2 s, then all that was due arrives at once.
        var arrivals = Enumerable.Range(0, 300)
            .Select(i => (Due: i * 20, Bytes: (i + 1) * (Rate / 50)))
            .Select(write => new ArrivedBytes(Ms(write.Due is > 4900 and < 5200 ? 5200 : write.Due), write.Bytes));

        var measured = Measure(arrivals);

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-4);
        Assert.Equal(Ms(300), measured.LongestGap);
    }

    [Fact]
    public void A_hiccup_does_not_hide_the_bursts_behind_it()
    {
        var measured = Measure(Bursts(period: i => i == 100 ? 700 : 20, chunk: Rate / 50, count: 400, pieces: 2));

        Assert.InRange(measured.Duration.TotalMilliseconds, 5000, 5025);
    }

    [Fact]
    public void A_burst_cut_by_the_end_of_the_recording_does_not_count()
    {
        var whole = Bursts(period: _ => 200, chunk: Rate / 5, count: 20, pieces: 4);

        var measured = Measure(whole.SkipLast(2));

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-5);
        Assert.Equal(Ms(19 * 200), measured.Duration);
    }

    [Fact]
    public void Pauses_of_200_to_205_ms_are_the_loss_that_they_are()
    {
        var random = new Random(602);
        var periods = Enumerable.Range(0, 30).Select(_ => 200 + (5 * random.NextDouble())).ToArray();

        var measured = Measure(Bursts(period: i => periods[i], chunk: Rate / 5, count: 30, pieces: 3));

        var chunks = (int)Math.Round(measured.Bytes / (Rate / 5d));
        var trueRate = chunks * (Rate / 5d) / (periods.Skip(1).Take(chunks).Sum() / 1000);
        Assert.Equal(trueRate, measured.AchievedRate, tolerance: Rate * 1e-4);
        Assert.InRange(measured.Ratio, 0.975, 1);
    }

    [Fact]
    public void A_body_that_ends_sooner_is_measured_to_its_last_burst()
    {
        var arrivals = Bursts(period: _ => 200, chunk: Rate / 5, count: 8, pieces: 2).ToList();
        arrivals.Add(new ArrivedBytes(Ms(1600), arrivals[^1].Bytes + 17));

        var measured = Measure(arrivals);

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-5);
    }

    [Fact]
    public void All_in_one_burst_is_no_rate()
    {
        var measured = Measure([new ArrivedBytes(TimeSpan.Zero, 5 * Rate)]);

        Assert.Equal(0, measured.AchievedRate);
        Assert.Equal(0, measured.Ratio);
        Assert.Equal(5 * Rate, measured.Bytes);
    }

    [Fact]
    public void Nothing_received_is_no_rate()
    {
        Assert.Equal(0, Measure([]).AchievedRate);
    }

    [Fact]
    public void The_initial_burst_is_not_counted_as_paced()
    {
        const long burst = 3 << 20;
        var arrivals = Bursts(period: _ => 200, chunk: Rate / 5, count: 30, pieces: 1)
            .Select(arrival => arrival with { Bytes = arrival.Bytes + burst })
            .ToList();

        var measured = RateMeasurement.Measure(arrivals, Rate, burst, FiveSeconds).Course;

        Assert.Equal(Rate, measured.AchievedRate, tolerance: Rate * 1e-5);
    }

    [Fact]
    public void Half_the_rate_is_half_the_rate()
    {
        var measured = Measure(Bursts(period: _ => 200, chunk: Rate / 10, count: 30, pieces: 2));

        Assert.Equal(-50, measured.ErrorPercent, tolerance: 0.01);
        Assert.Equal(0.5, measured.Ratio, tolerance: 0.0001);
    }

    [Fact]
    public void Many_samples_are_thinned_to_a_thousand_that_still_begin_and_end_alike()
    {
        var arrivals = Bursts(period: _ => 1, chunk: Rate / 1000, count: 5100, pieces: 2).ToList();

        var measured = Measure(arrivals);

        Assert.InRange(measured.Samples.Count, 900, RateMeasurement.MostSamples);
        Assert.Equal(arrivals[0], measured.Samples[0]);
        Assert.Equal(measured.Duration, measured.Samples[^1].Time);
        Assert.True(measured.Samples.Zip(measured.Samples.Skip(1)).All(pair => pair.First.Bytes < pair.Second.Bytes));
    }

    [Fact]
    public void Windows_count_the_bytes_of_each_whole_second()
    {
        var measured = Measure(Bursts(period: _ => 250, chunk: 1000, count: 30, pieces: 1));

        Assert.Equal([4000, 4000, 4000, 4000, 4000], measured.Windows);
    }

    [Fact]
    public void Bursts_spread_over_their_pauses_make_a_smooth_line()
    {
        var arrivals = Bursts(period: _ => 200, chunk: 1000, count: 10, pieces: 3).ToList();
        var curve = new PacingCurve(arrivals, TimeSpan.FromSeconds(10));

        Assert.Equal(10, new Staircase(arrivals).Bursts().Count());
        Assert.Equal(2500, curve.BytesAt(Ms(500)), tolerance: 1);
        Assert.Equal(10_000, curve.BytesAt(Ms(9999)));
    }

    private static RateCourse Measure(IEnumerable<ArrivedBytes> arrivals) =>
        RateMeasurement.Measure([.. arrivals], Rate, initialBurst: 0, FiveSeconds).Course;

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMicroseconds(milliseconds * 1000);

    /// <summary>The first burst at 0; burst i comes period(i) ms behind the one before; its pieces are 0.3 ms apart.</summary>
    private static IEnumerable<ArrivedBytes> Bursts(Func<int, double> period, long chunk, int count, int pieces)
    {
        var time = 0d;
        for (var i = 0; i < count; i++)
        {
            time += i == 0 ? 0 : period(i);
            for (var piece = 0; piece < pieces; piece++)
                yield return new ArrivedBytes(Ms(time + (0.3 * piece)), (i * chunk) + (chunk * (piece + 1) / pieces));
        }
    }
}
