using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Pacing;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Verification.Advising;

/// <summary>Advice on applications whose answers are known.</summary>
public sealed class FlushAdvisorTests
{
    private const int KiB = 1024;

    [Fact]
    public void Drip_is_held_for_the_delay_and_never_beyond_the_deadline()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Drip(100, 60), null, 0);

        foreach (var row in advice.Rows.Where(row => row.FlushDelay != FlushPolicy.Auto))
        {
            Assert.Equal(row.FlushDelay, row.HeldP50);
            Assert.Equal(row.FlushDelay, row.HeldP99);
            Assert.InRange(row.FlushesPerSecond, 0.9 * 1000 / 60, 1.1 * 1000 / 60);
            Assert.Null(row.RateShare);
            Assert.Null(row.Bridged);
        }
        Assert.Equal(TimeSpan.Zero, Row(advice, FlushPolicy.Auto).HeldP50);
        Assert.Equal(TimeSpan.Zero, advice.Recommended);
        Assert.True(advice.Differs);
    }

    [Fact]
    public void Drip_that_comes_more_often_than_the_delay_is_held_until_the_deadline()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Drip(100, 8), null, 0);
        Assert.Equal(TimeSpan.FromMilliseconds(5), Row(advice, 5).HeldP50);
        Assert.Equal(FlushPolicy.Default.FlushDeadline, Row(advice, 20).HeldP50);
        Assert.Equal(FlushPolicy.Default.FlushDeadline, Row(advice, 50).HeldP99);
    }

    /// <summary>docs/behaviour.md's measurement of the original: stalls of 0.2-3 ms under a limit of 4,000 KiB/s.</summary>
    [Theory]
    [InlineData(16, 0.256, 0.280, 0.732)]
    [InlineData(64, 0.277, 0.360, 0.892)]
    public void Share_of_the_rate_is_what_was_measured_of_the_original(int chunk, double none, double one, double five)
    {
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(chunk * KiB, 0.2, 3), "/big", 4000 * KiB);

        Near(none, Row(advice, 0));
        Near(one, Row(advice, 1));
        Near(five, Row(advice, 5));
        Assert.True(Row(advice, FlushPolicy.Auto).RateShare > 0.97);
        Assert.Equal(FlushPolicy.Auto, advice.Recommended);
        Assert.Equal(1, Row(advice, 5).Bridged);
        Assert.Equal(0, Row(advice, 0).Bridged);
        Assert.Equal("/big", advice.LimitedRoute);

        static void Near(double measured, FlushAdviceRow row) =>
            Assert.True(
                Math.Abs(row.RateShare!.Value - measured) <= 0.15 * measured, $"{row.ShownDelay}: {row.RateShare}, measured {measured}");
    }

    [Fact]
    public void Chunks_that_a_pacer_made_the_application_wait_with_do_not_count_as_written_at_once()
    {
        var honest = Stalling(16 * KiB, 0.2, 3);
        var counter = new WritingCounter();
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
            counter.Count(new DrySpell(
                TimeSpan.FromMilliseconds(0.2 + (random.NextDouble() * 2.8)), i % 40 == 0 ? 229_376 : 16 * KiB, 16 * KiB)
            {
                Gathering = TimeSpan.FromMilliseconds(i % 40 == 0 ? 200 : 0),
            });

        var expected = Row(FlushAdvisor.Advise(Policy(5), honest, "/", 4000 * KiB), 5).RateShare!.Value;
        Assert.Equal(expected, Row(FlushAdvisor.Advise(Policy(5), counter.Status(), "/", 4000 * KiB), 5).RateShare!.Value, 0.02);
    }

    [Fact]
    public void Transfer_in_small_pieces_is_advised_the_shortest_delay_that_gathers_them()
    {
        // Without a limit only pieces below 4 KiB are held, and the stalls are all shorter than 2 ms.
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(KiB, 1.2, 1.8), null, 0);
        Assert.Equal(TimeSpan.FromMilliseconds(2), advice.Recommended);
        Assert.True(Row(advice, 1).WritesPerMebibyte > 3 * Row(advice, 2).WritesPerMebibyte);
        Assert.Contains("no shorter delay comes within 10% of the fewest writes", advice.Reason);
    }

    [Fact]
    public void Transfer_in_large_pieces_needs_no_delay_where_nothing_waits_for_full_writes()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(64 * KiB, 1, 2), null, 0);
        Assert.Equal(TimeSpan.Zero, advice.Recommended);
        Assert.Equal(Row(advice, 50).WritesPerMebibyte, Row(advice, 0).WritesPerMebibyte, 0.1);
    }

    [Fact]
    public void Delay_in_force_has_a_row_of_its_own_and_is_marked()
    {
        var advice = FlushAdvisor.Advise(Policy(7), Drip(100, 60), null, 0);
        Assert.Equal(TimeSpan.FromMilliseconds(7), Assert.Single(advice.Rows, row => row.IsInForce).FlushDelay);
        Assert.Single(advice.Rows, row => row.IsRecommended);
        Assert.Equal(FlushAdvisor.Delays.Count + 1, advice.Rows.Count);
    }

    [Theory]
    [InlineData(0, "0 dry spells, and 200 more are needed")]
    [InlineData(150, "150 dry spells, and 50 more are needed")]
    public void Too_little_data_is_told_with_how_much_is_missing(int spells, string words)
    {
        var counter = new WritingCounter();
        for (var i = 0; i < spells; i++) counter.Count(new DrySpell(TimeSpan.FromMilliseconds(50), 100, 100));
        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), null, 0);
        Assert.Contains(words, advice.Reason);
        Assert.Equal(200 - spells, advice.Missing);
        Assert.Empty(advice.Rows);
        Assert.Null(advice.Recommended);
        Assert.False(advice.Differs);
    }

    [Fact]
    public void Responses_that_come_undivided_need_no_delay_of_any_length()
    {
        var counter = new WritingCounter();
        for (var i = 0; i < 1000; i++) counter.CountUndivided();
        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), null, 0);
        Assert.StartsWith("Any delay does", advice.Reason);
        Assert.Equal((0, (TimeSpan?)null), (advice.Missing, advice.Recommended));
    }

    [Fact]
    public void Same_counts_get_the_same_advice_in_less_than_a_second()
    {
        var writing = Stalling(16 * KiB, 0.2, 12);
        var start = Stopwatch.GetTimestamp();
        var first = FlushAdvisor.Advise(Policy(5), writing, "/", 4000 * KiB);
        var took = Stopwatch.GetElapsedTime(start);
        Assert.Equal(first.Rows, FlushAdvisor.Advise(Policy(5), writing, "/", 4000 * KiB).Rows);
        // Some 0.05 s; the margin is for a machine that does much else.
        Assert.True(took < TimeSpan.FromSeconds(5), $"the advice took {took.TotalSeconds:0.0} s");
    }

    [Fact]
    public void Limit_that_counts_is_the_one_that_waits_for_full_writes_on_the_groups_busiest_route()
    {
        var advice = FlushAdvisor.Advise(Instance(
            Route("/tokens", "app", 1000 * KiB, PacerKind.TokenBucket, 3), Route("/old", "app", 2000 * KiB, PacerKind.Interval2433, 4),
            Route("/few", "app", 3000 * KiB, PacerKind.Interval, 1), Route("/many", "app", 4000 * KiB, PacerKind.Interval, 2),
            Route("/other", "reports", 5000 * KiB, PacerKind.Interval, 9)), "app");
        Assert.Equal(("/many", 4000 * KiB), (advice.LimitedRoute, advice.RateLimit));
        Assert.NotNull(Row(advice, 5).RateShare);
    }

    [Fact]
    public void Earlier_counts_are_taken_off()
    {
        var instance = Instance(Route("/", "app", 0, PacerKind.TokenBucket, 1));
        var daemon = instance.Daemons[0];
        var advice = FlushAdvisor.Advise(instance, "app", daemon.Traffic);
        Assert.Equal(0, advice.Stalls);
        Assert.Equal(200, advice.Missing);
        Assert.Equal(0, daemon.Traffic.Writing.Since(daemon.Traffic.Writing).StallBytes);
        Assert.Throws<ArgumentException>(() => FlushAdvisor.Advise(instance, "nope"));
    }

    [Fact]
    public void Table_fits_a_terminal_of_80_columns_and_marks_the_recommended_row()
    {
        var text = FlushAdvisor.Advise(Policy(5), Stalling(16 * KiB, 0.2, 3), "/a/rather/long/path/of/a/route", 4000 * KiB).ToString();
        var lines = text.Split('\n').Select(line => line.TrimEnd()).ToArray();
        Assert.All(lines, line => Assert.True(line.Length < 80, line));
        Assert.Single(lines, line => line.StartsWith(">  ", StringComparison.Ordinal) && line.Contains("auto"));
        Assert.Single(lines, line => line.Contains("5ms*"));
        Assert.Contains("limited to 4000KiB/s", text.ReplaceLineEndings(" "));
    }

    private static FlushAdviceRow Row(FlushAdvice advice, double milliseconds) => Row(advice, TimeSpan.FromMilliseconds(milliseconds));

    private static FlushAdviceRow Row(FlushAdvice advice, TimeSpan delay) => Assert.Single(advice.Rows, row => row.FlushDelay == delay);

    private static WritingStatus Drip(int bytes, double milliseconds)
    {
        var counter = new WritingCounter();
        for (var i = 0; i < 1000; i++) counter.Count(new DrySpell(TimeSpan.FromMilliseconds(milliseconds), bytes, bytes));
        return counter.Status();
    }

    private static WritingStatus Stalling(int chunk, double shortest, double longest)
    {
        var counter = new WritingCounter();
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
            counter.Count(new DrySpell(TimeSpan.FromMilliseconds(shortest + (random.NextDouble() * (longest - shortest))), chunk, chunk));
        return counter.Status();
    }

    private static FlushPolicyStatus Policy(double milliseconds) => new()
    {
        Name = "site",
        Daemon = "app",
        FlushDelay = TimeSpan.FromMilliseconds(milliseconds),
        BufferSize = FlushPolicy.Default.BufferSize,
        FlushDeadline = FlushPolicy.Default.FlushDeadline,
    };

    private static RouteStatus Route(string path, string daemon, long rate, PacerKind pacer, long bytes) => new()
    {
        Name = "site",
        Route = path,
        Daemon = daemon,
        RateLimits = [new RateLimitStatus { Name = "site", Route = path, Index = 1, Rate = rate, Pacer = pacer.ToString() }],
        Traffic = new TrafficStatus { Bytes = bytes },
    };

    private static InstanceStatus Instance(params IReadOnlyList<RouteStatus> routes) => new()
    {
        Name = "site",
        ProcessId = 1,
        State = nameof(InstanceState.Serving),
        StartTime = DateTime.UnixEpoch,
        Uris = [new Uri("http://127.0.0.1:1/")],
        Version = "1",
        Daemons =
        [
            new DaemonStatus
            {
                Name = "site",
                Daemon = "app",
                Source = nameof(DaemonSource.Sample),
                State = nameof(DaemonState.Ready),
                FlushPolicy = Policy(5),
                Traffic = new TrafficStatus { Writing = Stalling(16 * KiB, 0.2, 3) },
            },
        ],
        Routes = routes,
    };
}
