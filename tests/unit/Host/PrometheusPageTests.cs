using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Pacing;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The page has the instruments of the meter, and what is recorded costs a request no memory.</summary>
public sealed class PrometheusPageTests : IDisposable
{
    private readonly StatisticsBook _statistics = new();
    private readonly List<DaemonGroup> _groups = [];
    private readonly FrontEndMeter _meter;

    public PrometheusPageTests()
    {
        _meter = new FrontEndMeter(_statistics, () => _groups);
        Add("app");
        _statistics.Route("/a").Flushes.Count(FlushReason.Guard);
        _statistics.Route("/a").Count(new FinishedRequest(200, 1234, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
        _statistics.Route("/a").Writing.Count(new DrySpell(TimeSpan.FromMilliseconds(8), 9000, 9000));
        _statistics.Route("/a").Writing.CountHold(TimeSpan.FromMilliseconds(5));
        _statistics.Group("app").Traffic.Count(new FinishedRequest(200, 1234, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2)));
        _statistics.Group("app").Restarts.Count(RestartReason.Crash);
    }

    public void Dispose()
    {
        _groups.ForEach(group => group.Dispose());
        _meter.Dispose();
    }

    [Fact]
    public async Task Every_instrument_is_on_the_page_with_its_labels_and_words()
    {
        Record("GET", 200);

        var page = await PageAsync();

        Assert.Equal(
            """
            daemonproxy_daemon_restarts_total counter daemonproxy_daemon,daemonproxy_reason
            daemonproxy_dry_spell_seconds histogram http_route,daemonproxy_kind
            daemonproxy_flushes_total counter http_route,daemonproxy_reason
            daemonproxy_held_output_seconds histogram http_route
            daemonproxy_queue_time_seconds_total counter daemonproxy_daemon
            daemonproxy_response_size_bytes_total counter http_route
            daemonproxy_waiting_requests gauge daemonproxy_daemon
            http_server_active_requests gauge daemonproxy_daemon
            http_server_request_duration_seconds histogram http_request_method,http_response_status_code,http_route,daemonproxy_daemon
            """,
            string.Join('\n', OwnFamilies(page).Order(StringComparer.Ordinal)), ignoreLineEndingDifferences: true);
        Assert.Contains("""daemonproxy_flushes_total{http_route="/a",daemonproxy_reason="Guard"} 1""", page);
        Assert.Contains("""daemonproxy_response_size_bytes_total{http_route="/a"} 1234""", page);
        Assert.Contains("""daemonproxy_queue_time_seconds_total{daemonproxy_daemon="app"} 1.5""", page);
        Assert.Contains("""daemonproxy_daemon_restarts_total{daemonproxy_daemon="app",daemonproxy_reason="Crash"} 1""", page);
        Assert.Contains("""duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="",daemonproxy_daemon="",le="0.25"} 1""", page);
        Assert.Contains("""daemonproxy_dry_spell_seconds_bucket{http_route="/a",daemonproxy_kind="Stall",le="0.0064"} 0""", page);
        Assert.Contains("""daemonproxy_dry_spell_seconds_bucket{http_route="/a",daemonproxy_kind="Stall",le="0.0128"} 1""", page);
        Assert.Contains("""daemonproxy_held_output_seconds_count{http_route="/a"} 1""", page);
        string[] ofTheRelay = ["daemonproxy_dry_spell_seconds", "daemonproxy_held_output_seconds"];
        Assert.Equal(Instruments().Concat(ofTheRelay).Order(), OwnFamilies(page).Select(family => family.Split(' ')[0]).Order());
    }

    [Fact]
    public async Task Spell_beyond_the_last_bucket_does_not_make_the_sum_thousands_of_years()
    {
        _statistics.Route("/long").Writing.Count(new DrySpell(TimeSpan.FromSeconds(90), 100, 100));

        var page = await PageAsync();
        var sum = Assert.Single(page.Split('\n'), line => line.StartsWith(
            """daemonproxy_dry_spell_seconds_sum{http_route="/long",daemonproxy_kind="Pause"} """, StringComparison.Ordinal));
        Assert.InRange(double.Parse(sum.Split(' ')[1], CultureInfo.InvariantCulture), 60, 90);
        Assert.Contains("""daemonproxy_dry_spell_seconds_bucket{http_route="/long",daemonproxy_kind="Pause",le="52.4288"} 0""", page);
    }

    [Fact]
    public async Task Counts_are_those_of_the_moment_and_a_group_that_is_gone_has_none()
    {
        Add("old");
        Assert.Contains("""http_server_active_requests{daemonproxy_daemon="old"} 0""", await PageAsync());

        _groups.RemoveAt(1);
        _statistics.Group("app").Restarts.Count(RestartReason.Crash);

        var page = await PageAsync();
        Assert.DoesNotContain(
            "daemonproxy_daemon=\"old\"}", page.Split('\n').Where(line => line.Contains("requests{", StringComparison.Ordinal))
            .Aggregate("", string.Concat));
        Assert.Contains("""http_server_active_requests{daemonproxy_daemon="app"} 0""", page);
        Assert.Contains("""restarts_total{daemonproxy_daemon="app",daemonproxy_reason="Crash"} 2""", page);
    }

    [Fact]
    public async Task What_a_configuration_has_left_out_is_on_the_page_no_more_and_begins_anew_when_it_returns()
    {
        var route = new Route(
            new RouteOptions { Path = "/a", Daemon = "app" }, _groups[0], NoLimits(), NoLimits(), _statistics, TimeProvider.System,
            new PacingLoad());
        Record("GET", 200, route);
        Record("GET", 200);
        _statistics.Route("/b").Count(new FinishedRequest(200, 5, TimeSpan.Zero, TimeSpan.Zero));
        var before = await PageAsync();

        _groups.Clear();
        _meter.KeepOnly([], ["/b"]);

        // Every family had it.
        Assert.Equal(5, Families(before, "http_route=\"/a\"").Count);
        Assert.Equal(5, Families(before, "daemonproxy_daemon=\"app\"").Count);
        var page = await PageAsync();
        Assert.DoesNotContain("\"/a\"", page);
        Assert.DoesNotContain("\"app\"", page);
        Assert.Contains("""daemonproxy_response_size_bytes_total{http_route="/b"} 5""", page);
        Assert.Contains("""duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="",daemonproxy_daemon=""} 1""", page);
        _statistics.Route("/a").Count(new FinishedRequest(200, 7, TimeSpan.Zero, TimeSpan.Zero));
        _statistics.Route("/a").Writing.CountHold(TimeSpan.FromMilliseconds(5));
        page = await PageAsync();
        Assert.Contains("""daemonproxy_response_size_bytes_total{http_route="/a"} 7""", page);
        Assert.Contains("""daemonproxy_held_output_seconds_count{http_route="/a"} 1""", page);
    }

    [Fact]
    public async Task Method_of_a_strangers_invention_makes_no_series_of_its_own()
    {
        foreach (var method in new[] { "BREW", "SMOKE", "get" }) Record(method, 200);

        Assert.Contains("""http_request_method="_OTHER",http_response_status_code="200",http_route="",daemonproxy_daemon=""} 2""", await PageAsync());
    }

    [Fact]
    public async Task Another_meter_is_not_on_the_page()
    {
        using var other = new Meter(FrontEndMeter.Name);
        other.CreateCounter<long>("stranger").Add(1);

        Assert.DoesNotContain("stranger", await PageAsync());
    }

    [Fact]
    public async Task Runtime_s_own_counts_are_on_the_page_as_they_are_when_it_is_read()
    {
        await PageAsync();
        var before = Monitor.LockContentionCount;
        ContendForLock();
        var atLeast = Monitor.LockContentionCount;
        Assert.NotEqual(before, atLeast);

        var page = await PageAsync();
        Assert.InRange(Value(page, "dotnet_monitor_lock_contentions_total"), atLeast, Monitor.LockContentionCount);
        Assert.InRange(Value(page, "dotnet_thread_pool_work_item_count_total"), 1, ThreadPool.CompletedWorkItemCount);
        Assert.InRange(Value(page, "dotnet_thread_pool_thread_count"), 1, 10_000);
        string[] expected =
        [
            "dotnet_gc_collections_total counter gc_heap_generation", "dotnet_gc_heap_total_allocated_bytes_total counter ",
            "dotnet_monitor_lock_contentions_total counter ", "dotnet_process_cpu_time_seconds_total counter cpu_mode",
            "dotnet_process_memory_working_set_bytes gauge ", "dotnet_thread_pool_queue_length gauge ",
            "dotnet_thread_pool_thread_count gauge ", "dotnet_thread_pool_work_item_count_total counter ", "dotnet_timer_count gauge ",
        ];
        Assert.Equal(expected, Families(page).Intersect(expected).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_runtime_measures_as_it_occurs_is_not_on_the_page()
    {
        try
        {
            throw new FormatException();
        }
        catch (FormatException)
        {
            // The runtime has counted it.
        }

        Assert.DoesNotContain("dotnet_exceptions", await PageAsync());
    }

    /// <summary>More series than are remembered, in turns, by the same texts and by equal ones.</summary>
    [Fact]
    public async Task Each_series_counts_its_own_requests()
    {
        using var meter = new Meter("own");
        var histogram = meter.CreateHistogram<double>("of", advice: new() { HistogramBucketBoundaries = [1] });
        using var page = new PrometheusPage(meter);
        // More of each than there are places for.
        string[] many = [.. Enumerable.Range(0, 100).Select(i => $"n{i}")];
        for (var round = 0; round < 3; round++)
        {
            for (var place = 0; place < 4; place++)
            {
                foreach (var one in many)
                {
                    // In the last round the text is equal alone.
                    var text = round < 2 ? one : new string(one.AsSpan());
                    histogram.Record(
                        0, new("a", place == 0 ? text : ""), new("b", place == 1 ? text : ""), new("c", place == 2 ? text : ""),
                        new("d", place == 3 ? text : ""));
                }
            }
        }
        using var output = await page.WriteAsync(CancellationToken.None);
        var counts = Encoding.UTF8.GetString(output.ToArray()).Split('\n').Where(line => line.StartsWith("of_count")).ToArray();
        Assert.Equal(4 * many.Length, counts.Length);
        Assert.All(counts, line => Assert.EndsWith(" 3", line));
    }

    [Fact]
    public async Task Series_that_returns_begins_anew()
    {
        using var meter = new Meter("own");
        var histogram = meter.CreateHistogram<double>("of", advice: new() { HistogramBucketBoundaries = [1] });
        using var page = new PrometheusPage(meter);
        histogram.Record(0, new KeyValuePair<string, object?>("a", "gone"));
        histogram.Record(0, new KeyValuePair<string, object?>("a", "gone"));
        page.KeepOnly("a", new HashSet<string>());
        histogram.Record(0, new KeyValuePair<string, object?>("a", "gone"));
        using var output = await page.WriteAsync(CancellationToken.None);
        Assert.Contains("of_count{a=\"gone\"} 1\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Recording_a_request_takes_no_memory()
    {
        var record = new RequestRecord(1, new HttpRequestFeature(), 0) { Status = 200 };
        var finished = new FinishedRequest(200, 1, TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 100; i++) _meter.Record("GET", record, finished);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) _meter.Record("GET", record, finished);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    /// <summary>A site of many routes and statuses has more series than a few, and each request finds its own.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(3000)]
    public void Recording_takes_no_memory_however_many_series_are_busy(int count)
    {
        using var meter = new Meter("own");
        var histogram = meter.CreateHistogram<double>("of", advice: new() { HistogramBucketBoundaries = [1] });
        using var page = new PrometheusPage(meter);
        string[] paths = [.. Enumerable.Range(0, count).Select(i => $"/{i}")];
        void RecordAll()
        {
            foreach (var path in paths)
                histogram.Record(1, new("method", "GET"), new("status", "200"), new("route", path), new("daemon", "app"));
        }
        for (var i = 0; i < 10; i++) RecordAll();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++) RecordAll();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, count);
    }

    /// <summary>Texts that are equal and not the same, as each reload of a configuration brings them, do not fill the memory.</summary>
    [Fact]
    public void Series_recorded_by_ever_new_texts_keeps_none_of_them()
    {
        using var meter = new Meter("own");
        var histogram = meter.CreateHistogram<double>("of", advice: new() { HistogramBucketBoundaries = [1] });
        using var page = new PrometheusPage(meter);
        var texts = new List<WeakReference>();
        RecordAll();
        GC.Collect();

        Assert.InRange(texts.Count(text => text.IsAlive), 0, 200);

        void RecordAll()
        {
            for (var i = 0; i < 10_000; i++)
            {
                var text = new string("one".AsSpan());
                texts.Add(new(text));
                histogram.Record(1, new KeyValuePair<string, object?>("a", text));
            }
        }
    }

    private void Add(string name) => _groups.Add(new DaemonGroup(
        new DaemonGroupOptions { Name = name, Source = DaemonSource.Sample }, TimeProvider.System, _statistics.Group(name),
            new ConnectionBudget(null)));

    /// <summary>Has a thread wait for a lock that another holds.</summary>
    private static void ContendForLock()
    {
        var gate = new Lock();
        var before = Monitor.LockContentionCount;
        var waiting = new Thread(() =>
        {
            lock (gate)
            {
                // It had to wait.
            }
        });
        lock (gate)
        {
            waiting.Start();
            Assert.True(SpinWait.SpinUntil(() => Monitor.LockContentionCount > before, TimeSpan.FromSeconds(30)));
        }
        waiting.Join();
    }

    private static long Value(string page, string series) =>
        long.Parse(Regex.Match(page, $"^{series} (\\d+)$", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);

    private static RateLimitSet NoLimits() => new(RateDirection.Download, [], TimeProvider.System, new PacingLoad(), "", null);

    /// <summary>The names of the families that have a series with a label.</summary>
    private static List<string> Families(string page, string label) =>
        [.. page.Split('\n').Where(line => line.Contains(label, StringComparison.Ordinal))
            .Select(line => Regex.Replace(line[..line.IndexOf('{')], "_(bucket|sum|count)$", "")).Distinct()];

    private void Record(string method, int status, Route? route = null) =>
        _meter.Record(method, new RequestRecord(1, new HttpRequestFeature(), 0) { Status = status, Route = route },
        new FinishedRequest(status, 1, TimeSpan.Zero, TimeSpan.FromMilliseconds(200)));

    private async Task<string> PageAsync()
    {
        using var text = await _meter.Page.WriteAsync(CancellationToken.None);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>Those that are not the runtime's.</summary>
    private static IEnumerable<string> OwnFamilies(string page) =>
        Families(page).Where(family => !family.StartsWith("dotnet_", StringComparison.Ordinal));

    /// <summary>Name, kind and labels of each family that has a series.</summary>
    private static IEnumerable<string> Families(string page)
    {
        foreach (Match type in Regex.Matches(page, "^# TYPE (\\w+) (\\w+)$", RegexOptions.Multiline))
        {
            var series = Regex.Match(page, $"^{type.Groups[1].Value}(?:_sum)?{{([^}}]*)}}", RegexOptions.Multiline);
            yield return $"{type.Groups[1].Value} {type.Groups[2].Value} "
                + $"{string.Join(',', Regex.Matches(series.Groups[1].Value, "(\\w+)=").Select(label => label.Groups[1].Value))}";
        }
    }

    /// <summary>What a listener of the meter is told of, by the names of the page.</summary>
    private List<string> Instruments()
    {
        var names = new List<string>();
        using var listener =
            new MeterListener
            {
                InstrumentPublished = (instrument, _) =>
            { if (instrument.Meter == _meter.Meter) names.Add(PrometheusPage.NameOf(instrument)); }
            };
        listener.Start();
        return names;
    }
}
