using System.Diagnostics;
using System.Globalization;
using System.Text;
using DaemonProxy.Verification;
using Xunit;

namespace DaemonProxy.Tests.Verification;

public class DripLatencyTests
{
    private const long Start = 1_800_000_000_000_000_000;
    private static readonly WallClock Clock = new(Timestamp: 1_000_000, UnixNanoseconds: Start);

    [Fact]
    public void Each_chunk_is_as_late_as_the_receive_that_completed_it()
    {
        // Chunks of 24 bytes, written at 0, 3 and 6 ms; one and a half are received at 4 ms, the rest at 9 ms.
        var body = string.Concat(Chunk(0), Chunk(3), Chunk(6));
        var response = Response(body, (Ms: 4, Bytes: 36), (Ms: 9, Bytes: 72));

        var latencies = DripLatency.Of(response, 24, Clock)!;

        Assert.Equal([4, 6, 3], latencies.Select(latency => latency.TotalMilliseconds));
    }

    [Fact]
    public void A_chunk_cut_short_is_left_out()
    {
        var response = Response(Chunk(0) + Chunk(3)[..10], (Ms: 4, Bytes: 34));

        Assert.Single(DripLatency.Of(response, 24, Clock)!);
    }

    [Fact]
    public void A_body_without_times_is_no_drip()
    {
        Assert.Null(DripLatency.Of(Response("<html>This is a page, no drip.</html>", (Ms: 4, Bytes: 37)), 24, Clock));
    }

    [Fact]
    public void Percentiles_are_latencies_that_were_measured()
    {
        var distribution = LatencyDistribution.Of(Enumerable.Range(1, 200).Reverse().Select(i => TimeSpan.FromMilliseconds(i)));

        Assert.Equal(
            new LatencyDistribution(200, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(198), TimeSpan.FromMilliseconds(200)),
            distribution);
    }

    [Fact]
    public void No_latencies_have_no_distribution()
    {
        Assert.Equal(0, LatencyDistribution.Of([]).Count);
    }

    private static string Chunk(int milliseconds) =>
        (Start + (milliseconds * 1_000_000L)).ToString(CultureInfo.InvariantCulture) + " ....";

    private static ProbedResponse Response(string body, params (int Ms, int Bytes)[] receives) => new()
    {
        End = ProbeEnd.Complete,
        Status = 200,
        Body = Encoding.ASCII.GetBytes(body),
        Receipts = [.. receives.Select(receive =>
            new Receipt(Clock.Timestamp + (receive.Ms * Stopwatch.Frequency / 1000), receive.Bytes))],
    };
}
