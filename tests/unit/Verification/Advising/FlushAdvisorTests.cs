using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Reporting;
using Xunit;

namespace DaemonProxy.Tests.Verification.Advising;

/// <summary>Advice on applications whose answers are known.</summary>
public sealed class FlushAdvisorTests
{
    private const int KiB = 1024;

    [Fact]
    public void Drip_is_held_for_the_delay_and_never_beyond_the_deadline()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Drip(100, 60), null, null);

        foreach (var row in advice.Rows.Where(row => row.Delay != FlushPolicy.Auto))
        {
            Assert.Equal(row.Delay, row.HeldP50);
            Assert.Equal(row.Delay, row.HeldP99);
            Assert.InRange(row.FlushesPerSecond, 0.9 * 1000 / 60, 1.1 * 1000 / 60);
            Assert.Null(row.RateShare);
            Assert.Null(row.Bridged);
        }
        Assert.Equal(TimeSpan.Zero, Row(advice, FlushPolicy.Auto).HeldP50);
        Assert.Equal(TimeSpan.Zero, advice.RecommendedDelay);
        Assert.True(advice.Differs);
    }

    [Fact]
    public void Drip_that_comes_more_often_than_the_delay_is_held_until_the_deadline()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Drip(100, 8), null, null);
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
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(chunk * KiB, 0.2, 3), "/big", Interval(4000 * KiB));

        Near(none, Row(advice, 0));
        Near(one, Row(advice, 1));
        Near(five, Row(advice, 5));
        Assert.True(Row(advice, FlushPolicy.Auto).RateShare > 0.97);
        Assert.Equal(FlushPolicy.Auto, advice.RecommendedDelay);
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

        var expected = Row(FlushAdvisor.Advise(Policy(5), honest, "/", Interval(4000 * KiB)), 5).RateShare!.Value;
        Assert.Equal(expected, Row(FlushAdvisor.Advise(Policy(5), counter.Status(), "/", Interval(4000 * KiB)), 5).RateShare!.Value, 0.02);
    }

    [Fact]
    public void Transfer_in_small_pieces_is_advised_the_shortest_delay_that_gathers_them()
    {
        // Without a limit only pieces below 4 KiB are held, and the stalls are all shorter than 2 ms.
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(KiB, 1.2, 1.8), null, null);
        Assert.Equal(TimeSpan.FromMilliseconds(2), advice.RecommendedDelay);
        Assert.True(Row(advice, 1).WritesPerMebibyte > 3 * Row(advice, 2).WritesPerMebibyte);
        Assert.Contains("no shorter delay comes within 10% of the fewest writes", advice.Reason);
    }

    [Fact]
    public void Transfer_in_large_pieces_needs_no_delay_where_nothing_waits_for_full_writes()
    {
        var advice = FlushAdvisor.Advise(Policy(5), Stalling(64 * KiB, 1, 2), null, null);
        Assert.Equal(TimeSpan.Zero, advice.RecommendedDelay);
        Assert.Equal(Row(advice, 50).WritesPerMebibyte, Row(advice, 0).WritesPerMebibyte, 0.1);
    }

    [Fact]
    public void Delay_in_force_has_a_row_of_its_own_and_is_marked()
    {
        var advice = FlushAdvisor.Advise(Policy(7), Drip(100, 60), null, null);
        Assert.Equal(TimeSpan.FromMilliseconds(7), Assert.Single(advice.Rows, row => row.IsInForce).Delay);
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
        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), null, null);
        Assert.Contains(words, advice.Reason);
        Assert.Equal(200 - spells, advice.Missing);
        Assert.Empty(advice.Rows);
        Assert.Null(advice.RecommendedDelay);
        Assert.False(advice.Differs);
    }

    [Fact]
    public void Responses_that_come_undivided_need_no_delay_of_any_length()
    {
        var counter = new WritingCounter();
        for (var i = 0; i < 1000; i++) counter.CountUndivided();
        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), null, null);
        Assert.StartsWith("Any delay does", advice.Reason);
        Assert.Equal((0, (TimeSpan?)null), (advice.Missing, advice.RecommendedDelay));
    }

    [Fact]
    public void Same_counts_get_the_same_advice_in_less_than_a_second()
    {
        var writing = Stalling(16 * KiB, 0.2, 12);
        var start = Stopwatch.GetTimestamp();
        var first = FlushAdvisor.Advise(Policy(5), writing, "/", Interval(4000 * KiB));
        var took = Stopwatch.GetElapsedTime(start);
        Assert.Equal(first.Rows, FlushAdvisor.Advise(Policy(5), writing, "/", Interval(4000 * KiB)).Rows);
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
    public void Application_is_relayed_with_the_pacer_of_its_limit()
    {
        var trace = Enumerable.Repeat(new Burst(16 * KiB, TimeSpan.FromMilliseconds(3)), 600).ToArray();
        double RateUnder(PacerKind pacer)
        {
            var time = new VirtualTime();
            var relay = new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default with { FlushDelay = TimeSpan.Zero }), time, time.Turns);
            return RelayedTrace.Relay(trace, relay, new RateLimit(4000 * KiB, 0, pacer), isFramed: false, time).Rate / (4000 * KiB);
        }

        Assert.InRange(RateUnder(PacerKind.Interval), 0.01, 0.5);
        Assert.InRange(RateUnder(PacerKind.TokenBucket), 0.95, 1.05);
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
        var text = FlushAdvisor.Advise(Policy(5), Stalling(16 * KiB, 0.2, 3), "/a/rather/long/path/of/a/route", Interval(4000 * KiB))
            .ToString();
        var lines = text.Split('\n').Select(line => line.TrimEnd()).ToArray();
        Assert.All(lines, line => Assert.True(line.Length < 80, line));
        Assert.Single(lines, line => line.StartsWith(">  ", StringComparison.Ordinal) && line.Contains("auto"));
        Assert.Single(lines, line => line.Contains("5ms*"));
        Assert.Contains("limited to 4000KiB/s", text.ReplaceLineEndings(" "));
    }

    [Fact]
    public void Transfer_whose_every_byte_came_while_its_limit_waited_is_still_a_transfer()
    {
        // Below a limit slower than the application, the relay looks only between two sleeps: no burst is seen as one write.
        var counter = new WritingCounter();
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
            counter.Count(new DrySpell(TimeSpan.FromMilliseconds(0.2 + (random.NextDouble() * 2.8)), 160 * KiB, 160 * KiB)
            {
                Gathering = TimeSpan.FromMilliseconds(200),
            });

        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), "/", Interval(400 * KiB));

        Assert.DoesNotContain("Idle streams", advice.Reason);
        Assert.True(Assert.Single(advice.Rows, row => row.IsRecommended).RateShare >= 0.97 * advice.Rows.Max(row => row.RateShare));
    }

    [Fact]
    public void Pauses_whose_bytes_came_while_the_output_waited_are_those_of_an_idle_stream()
    {
        var counter = new WritingCounter();
        for (var i = 0; i < 300; i++)
            counter.Count(new DrySpell(TimeSpan.FromSeconds(1), 300, 300) { Gathering = TimeSpan.FromMilliseconds(200) });
        var advice = FlushAdvisor.Advise(Policy(5), counter.Status(), "/", Interval(400 * KiB));
        Assert.Equal(TimeSpan.Zero, advice.RecommendedDelay);
        Assert.StartsWith("Idle streams wrote 100% of the bytes", advice.Reason);
    }

    /// <summary>Earlier counts of another run of the front end: of more, of fewer, and of quite other writing.</summary>
    [Fact]
    public void Counts_from_before_a_restart_are_not_taken_off_what_came_after_it()
    {
        foreach (var earlier in new[] { Drip(20_000, 0.4), Drip(100, 60), Stalling(64 * KiB, 1, 2), Stalling(16 * KiB, 0.2, 3) })
        {
            foreach (var count in new[] { 300, 999 })
            {
                var counter = new WritingCounter();
                for (var i = 0; i < count; i++) counter.Count(new DrySpell(TimeSpan.FromMilliseconds(0.9), 20_000, 20_000));
                var now = counter.Status();
                var since = now.Since(earlier);
                Assert.Equal((now.Spells, now.StallTime, now.StallBytes), (since.Spells, since.StallTime, since.StallBytes));
                Assert.Equal(now.BytesBeforeStalls, since.BytesBeforeStalls);
                Assert.NotEmpty(FlushAdvisor.Advise(Policy(5), since, "/", Interval(4000 * KiB)).Rows);
            }
        }
    }

    /// <summary>
    /// Data that no application can have produced, such as a snapshot between two counts makes: there is advice, or a reason for none.
    /// </summary>
    [Fact]
    public void Counts_that_contradict_each_other_get_an_answer_too()
    {
        var stalls = Stalling(16 * KiB, 0.2, 3);
        var pauses = Drip(100, 60);
        WritingStatus[] odd =
        [
            stalls with { BytesBeforeStalls = [] },
            stalls with { BytesBeforeStalls = [], StallBytes = 0 },
            stalls with { Stalls = [], Pauses = pauses.Pauses },
            stalls with { Stalls = [], Pauses = pauses.Pauses, PauseBytes = long.MaxValue / 2 },
            stalls with { StallTime = TimeSpan.Zero },
            stalls with { StallBytes = long.MaxValue / 4 },
            stalls with { StallTime = TimeSpan.FromDays(10_000) },
            pauses with { StallBytes = 1 << 30 },
            stalls with { FreelyGathered = 1, FreelyGatheredTime = TimeSpan.FromDays(365) },
            stalls with { FreelyGathered = 1 << 30, FreelyGatheredTime = TimeSpan.FromTicks(1), StallTime = TimeSpan.Zero },
            new() { Stalls = [new(TimeSpan.MaxValue, 1000)], BytesBeforeStalls = [new(long.MaxValue, 1000)] },
            new() { Pauses = [new(TimeSpan.MaxValue, 1000)], BytesBeforePauses = [new(long.MaxValue, 1000)] },
        ];
        for (var i = 0; i < odd.Length; i++)
        {
            foreach (var rate in new long[] { 0, 1, 4000 * KiB, long.MaxValue / 8 })
            {
                var advice = FlushAdvisor.Advise(
                    Policy(5), odd[i], "/", rate == 0 ? null : Interval(rate), [TimeSpan.FromMilliseconds(1), FlushPolicy.Auto]);
                Assert.NotEmpty(advice.Reason);
                Assert.All(advice.Rows, row => Assert.True(
                    double.IsFinite(row.WritesPerMebibyte) && double.IsFinite(row.FlushesPerSecond)
                    && row.Bridged is null or (>= 0 and <= 1)
                    && (row.RateShare is not { } share || double.IsFinite(share)), $"case {i}, {rate} bytes/s: {row}"));
                Assert.DoesNotContain("NaN", VerificationJson.Text<FlushAdvice>([advice]));
            }
        }
    }

    /// <summary>A hundred bytes a second took minutes, and so did a download of which a GiB comes at a time.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(10 * KiB)]
    [InlineData(4000 * KiB)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue / 8)]
    [InlineData(0)]
    public void Work_that_advice_takes_has_a_bound_whatever_the_limit_and_the_writes(long limit)
    {
        var rate = FlushAdvisor.RelayedRate(limit);
        foreach (var chunk in new[] { 500, 16 * KiB, 1 << 20, 1 << 30 })
        {
            var writing = Stalling(chunk, 0.2, 3);
            foreach (var odd in new[] { writing, writing with { StallBytes = long.MaxValue / 4 }, writing with { StallBytes = 0 } })
            {
                var trace = FlushAdvisor.Trace(DrySpellKind.Stall, odd, rate);
                var bytes = trace.Sum(burst => burst.Bytes);
                Assert.InRange(trace.Length, 8, 8000);
                Assert.InRange(bytes, 1, rate > 0 ? 513L << 20 : 17L << 30);
                if (rate > 0) Assert.InRange(bytes / (rate / 5), 0, 5000);
            }
        }
    }

    private static RateLimit Interval(long rate) => new(rate, 0, PacerKind.Interval);

    private static FlushAdviceRow Row(FlushAdvice advice, double milliseconds) => Row(advice, TimeSpan.FromMilliseconds(milliseconds));

    private static FlushAdviceRow Row(FlushAdvice advice, TimeSpan delay) => Assert.Single(advice.Rows, row => row.Delay == delay);

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
