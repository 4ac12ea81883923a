using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Pacing;
using DaemonProxy.Tests.Verification.Verifying;
using DaemonProxy.Verification.Advising;
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
        Assert.Contains("One measurement, as expected.", RateLimitReport.Html([Good]));
        Assert.Contains("2 measurements, all as expected.", RateLimitReport.Html([Good, Good]));
        Assert.Contains("2 measurements, none as expected.", RateLimitReport.Html([.. Enumerable.Repeat(Good with { Passed = false }, 2)]));
        Assert.DoesNotContain("\"passed\"", VerificationJson.Text([disturbed]));
    }

    [Fact]
    public void Columns_are_aligned()
    {
        var lines = VerificationReport.Text([Good, Good with { Pacer = nameof(PacerKind.Interval), ErrorPercent = -68.75 }]).Split('\n');

        var column = lines[0].IndexOf("expected", StringComparison.Ordinal);
        Assert.All(lines[2..4], line => Assert.Equal(column, line.IndexOf("within", StringComparison.Ordinal)));
    }

    /// <summary>Every table with cells as wide as they may be: pacers, verdicts, expectations, workloads.</summary>
    [Theory]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(120)]
    public void Tables_fit_the_terminal_and_keep_what_was_measured_and_the_verdict(int width)
    {
        var defect = Good with
        {
            Pacer = nameof(PacerKind.Interval),
            FlushDelay = TimeSpan.Zero,
            BufferSize = 64 << 10,
            ErrorPercent = -68.75,
            Expected = "below half the rate (the defect)",
        };
        var latency = new LatencyDistribution(667, Ms(237.4), Ms(504.5), Ms(510.6));
        var flush = new FlushResult
        {
            Workload = "headers, then 1 s of silence",
            Route = "/x",
            Daemon = "demo",
            FlushDelay = Ms(5),
            BufferSize = 8 << 20,
            FlushDeadline = Ms(50),
            Latency = latency,
            Expected = "max over 55 ms (the defect)",
            Passed = false,
        };
        var server = new ServerRateLimitResult
        {
            Uri = new Uri("http://server.example:8080/a/long/path/to/a/large/file.iso?with=a&query=1"),
            Connections = 1000,
            ConfiguredRate = 400 << 10,
            AchievedRate = 400 << 10,
            ErrorPercent = -0.01,
            WorstWindowPercent = -12.3,
            LongestGap = Ms(1234),
            TimeToFirstByte = Ms(1234),
            Fairness = 0.999,
            RateOverTime = new string('▇', 20),
            Expected = "within 1%",
            Passed = false,
        };
        var drip = new ServerFlushResult
        {
            Uri = server.Uri,
            Workload = "24 B every 3 ms",
            LatencySource = nameof(LatencySource.Timestamps),
            Latency = latency,
            Gaps = latency,
            Expected = "p99 at most 10 ms",
            Passed = false,
        };
        var sweep = FlushSweepTests.Result with { HeldP99 = Ms(1234.5), FlushesPerSecond = 1234.5, Passed = false };
        (string Text, string Kept)[] tables =
        [
            (VerificationReport.Text([Good, defect], width), @"^pacer +flush policy .*error .*expected +result"),
            (VerificationReport.Text([flush], width), @"^application writes .*deadline .*p99 +max .*result"),
            (VerificationReport.Text([server], width), @"^address .*achieved +error .*result"),
            (VerificationReport.Text([drip], width), @"^address .*p50 +p99 .*result"),
            (VerificationReport.Text([sweep], width), @"^ *delay +held p50 +measured +held p99 +measured +rate +measured .*result"),
            (VerificationReport.Text([new EmbeddedResult
            {
                Scenario = "allowed, no interpreter", ExpectedStatus = 500, ExpectedEvent = "WSGI0210", ActualStatus = 200, Passed = false,
            }], width), @"^restrict-embedded +expected +embedded request got .*result"),
        ];

        Assert.All(tables, table =>
        {
            Assert.All(table.Text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
            Assert.Matches(table.Kept, table.Text);
            Assert.Contains("FAILED", table.Text.Replace("ok", "FAILED", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Address_that_is_cut_keeps_its_end_and_a_file_gets_all_of_it()
    {
        var result = new ServerFlushResult
        {
            Uri = new Uri("http://server.example/a/long/path/to/a/file.iso"),
            Workload = "lines",
            LatencySource = nameof(LatencySource.Gaps),
            Latency = new LatencyDistribution(0, default, default, default),
            Gaps = new LatencyDistribution(0, default, default, default),
            Expected = "",
            Passed = true,
        };

        Assert.Contains("…ong/path/to/a/file.iso"[^20..], VerificationReport.Text([result], 80));
        Assert.DoesNotContain("server.example", VerificationReport.Text([result], 80));
        Assert.Contains("http://server.example/a/long/path/to/a/file.iso", VerificationReport.Text([result]));
    }

    [Fact]
    public void Narrow_page_has_the_headings_beside_the_figures()
    {
        var html = RateLimitReport.Html([Good, Good with { Passed = false }]);

        Assert.Contains("<table class=\"cards\">", html);
        Assert.All((string[])["Result", "Rate", "Achieved", "Error", "Worst second", "Busiest second", "Longest gap", "First byte"],
            heading => Assert.Equal(2, html.Split($"<td data-label=\"{heading}\"").Length - 1));
        Assert.DoesNotContain("Fairness", html);
        Assert.Contains("content: attr(data-label)", html);
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
    public void Json_has_auto_where_the_delay_is()
    {
        var row = FlushSweepTests.Result.Predicted with { Delay = FlushPolicy.Auto };
        var advice = new FlushAdvice
        {
            Name = "site",
            Daemon = "app",
            Reason = "",
            Rows = [row],
            RecommendedDelay = FlushPolicy.Auto,
            FlushPolicy = new FlushPolicyStatus
            {
                Name = "site",
                Daemon = "app",
                FlushDelay = Ms(5),
                BufferSize = 8 << 20,
                FlushDeadline = Ms(50),
            },
        };
        var sweep = FlushSweepTests.Result with { Delay = FlushPolicy.Auto, Predicted = row };

        var text = VerificationJson.Text<FlushAdvice>([advice]) + VerificationJson.Text<FlushSweepResult>([sweep]);

        Assert.Equal(4, text.Split("\"auto\"").Length - 1);
        Assert.Contains("\"recommended\": \"auto\"", text);
        Assert.DoesNotContain("\"-", text);
        Assert.Contains("\"flushDelay\": \"00:00:00.0050000\"", VerificationJson.Text<FlushSweepResult>([FlushSweepTests.Result]));
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

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
