using System.Text.Json;
using DaemonProxy.Pacing;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Reporting;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Reporting;

public class VerificationReportTests
{
    private static readonly RateLimitResult Good = new()
    {
        Route = "/download",
        Daemon = "demo",
        Pacer = nameof(PacerKind.TokenBucket),
        FlushDelay = TimeSpan.FromMilliseconds(5),
        BufferSize = 8 << 20,
        ConfiguredRate = 1 << 20,
        AchievedRate = 1.0021 * (1 << 20),
        Ratio = 1.0021,
        ErrorPercent = 0.21,
        LongestGap = TimeSpan.FromMilliseconds(21),
        TimeToFirstByte = TimeSpan.FromMilliseconds(3),
        Samples = [.. Enumerable.Range(0, 101).Select(i => new ArrivedBytes(TimeSpan.FromMilliseconds(i * 20), (i + 1) * 20_971))],
        Expected = "within 1%",
        Passed = true,
    };

    [Fact]
    public void A_rate_is_shown_with_its_units_its_course_and_the_verdict()
    {
        var row = VerificationReport.Text([Good]).Split('\n')[2];

        Assert.Equal(
            ["token-bucket", "5ms / 8MiB", "1.000 MiB/s", "1.002 MiB/s", "1.002", "+0.21%", "21.0 ms", "3.0 ms", new string('▇', 20),
                "within 1%", "ok"],
            row.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [Fact]
    public void A_failure_shouts_and_its_problem_stands_below_the_table()
    {
        var text = VerificationReport.Text([Good, Good with { Passed = false, Problem = "It broke off." }]);

        Assert.EndsWith("FAILED", text.Split('\n')[3].TrimEnd());
        Assert.EndsWith("/download: It broke off.", text.TrimEnd());
    }

    [Fact]
    public void What_could_not_be_measured_is_neither_ok_nor_failed()
    {
        var disturbed = Good with { Passed = null, NotMeasurable = "not measurable now: this machine woke timers up to 41 ms late" };

        var text = VerificationReport.Text([disturbed]);
        var html = RateLimitReport.Html([disturbed, Good]);

        Assert.EndsWith("not measurable", text.Split('\n')[2].TrimEnd());
        Assert.EndsWith("/download: not measurable now: this machine woke timers up to 41 ms late", text.TrimEnd());
        Assert.DoesNotContain("FAILED", text);
        Assert.Contains("2 measurements, 1 as expected, 1 not measurable now.", html);
        Assert.Contains("One measurement, not measurable now.", RateLimitReport.Html([disturbed]));
        Assert.DoesNotContain("\"passed\"", VerificationJson.Text([disturbed]));
    }

    [Fact]
    public void Columns_are_aligned()
    {
        var lines = VerificationReport.Text([Good, Good with { Pacer = nameof(PacerKind.Interval), ErrorPercent = -68.75 }]).Split('\n');

        var column = lines[0].IndexOf("expected", StringComparison.Ordinal);
        Assert.All(lines[2..4], line => Assert.Equal(column, line.IndexOf("within", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_line_of_a_rate_rises_and_falls_with_it()
    {
        // Two seconds at the rate, two at half of it, two at nothing, in writes 10 ms apart.
        long[] perWrite = [.. Enumerable.Repeat(1000L, 200), .. Enumerable.Repeat(500L, 200), .. Enumerable.Repeat(1L, 200)];
        var sum = 0L;
        var samples = perWrite.Select((bytes, i) => new ArrivedBytes(TimeSpan.FromMilliseconds(i * 10), sum += bytes)).ToList();

        Assert.Equal("▇▇▄▄▁▁", Sparkline.Draw(samples, configuredRate: 100_000, cells: 6));
    }

    [Fact]
    public void Json_has_every_figure_and_sample()
    {
        using var json = JsonDocument.Parse(VerificationJson.Text([Good]));

        var result = json.RootElement[0];
        Assert.Equal("TokenBucket", result.GetProperty("pacer").GetString());
        Assert.Equal(1 << 20, result.GetProperty("configuredRate").GetInt64());
        Assert.Equal(101, result.GetProperty("samples").GetArrayLength());
        Assert.True(result.GetProperty("passed").GetBoolean());
    }

    [Fact]
    public void Latencies_and_embedded_requests_have_their_tables()
    {
        var flush = VerificationReport.Text([new FlushResult
        {
            Workload = "24 B every 3 ms",
            Route = "/x",
            Daemon = "demo",
            FlushDelay = TimeSpan.FromMilliseconds(5),
            BufferSize = 8 << 20,
            FlushDeadline = TimeSpan.Zero,
            Latency = new LatencyDistribution(
                667, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(3.25)),
            Expected = "max over 55 ms (the defect)",
            Passed = false,
        }]);
        var embedded = VerificationReport.Text([new EmbeddedResult
        {
            Scenario = "On, then Off", ExpectedStatus = 500, ExpectedEvent = "WSGI0210", Survived = false, Passed = false,
        }]);

        Assert.Matches(@"24 B every 3 ms +5ms +none +667 +1\.0 ms +2\.0 ms +3\.3 ms +max over 55 ms \(the defect\) +FAILED", flush);
        Assert.Matches(@"On, then Off +500 WSGI0210 +no answer \(no event\) +GONE +FAILED", embedded);
    }
}
