using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Display;
using DaemonProxy.Pacing;
using DaemonProxy.Statistics;
using Xunit;

namespace DaemonProxy.Tests.Display;

public sealed class WatchFrameTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rates_count_what_was_sent_of_responses_that_are_not_at_their_end()
    {
        var rates = ActivityRates.Between(
            Activity(Noon, requests: 100, bytes: 1000, Response(7, 4000)),
            Activity(Noon.AddSeconds(2), requests: 120, bytes: 5000, Response(7, 8000), Response(8, 2000)));

        Assert.Equal(TimeSpan.FromSeconds(2), rates.Interval);
        Assert.Equal(10, rates.RequestRate);
        Assert.Equal((15_000 - 5000) / 2, rates.ByteRate);
        Assert.Equal(rates.ByteRate, rates.Daemons[0].ByteRate);
        Assert.Equal(rates.ByteRate, rates.Routes[0].ByteRate);
        Assert.Equal(2000, rates.Responses[0].ByteRate);
        // One that was not there before is measured over its own life.
        Assert.Equal(2000 / 1.5, rates.Responses[1].ByteRate, 3);
        Assert.Equal((5, 5), (rates.Daemons[0].IdleFlushRate, rates.FlushRate));
        Assert.Equal((2, 2, 2, 1),
            (rates.ActiveRequests, rates.Daemons[0].ActiveRequests, rates.Routes[0].ActiveRequests, rates.WaitingRequests));
    }

    [Fact]
    public void Rates_are_none_at_the_first_look_and_never_negative()
    {
        var first = ActivityRates.Between(null, Activity(Noon, requests: 100, bytes: 1000));
        Assert.Equal((TimeSpan.Zero, 0, 0), (first.Interval, first.RequestRate, first.ByteRate));

        // Started anew: its counts begin at 0.
        var anew = Activity(Noon.AddSeconds(1), requests: 1, bytes: 1);
        anew = anew with { Status = anew.Status with { ProcessId = 2 } };
        Assert.Equal(0, ActivityRates.Between(Activity(Noon, requests: 100, bytes: 1000), anew).RequestRate);

        // A response that ended between two counts is in neither for a moment.
        Assert.Equal(0, ActivityRates.Between(Activity(Noon, 1, 1000, Response(7, 4000)), Activity(Noon.AddSeconds(1), 1, 1000)).ByteRate);
    }

    [Fact]
    public void Frame_shows_how_a_group_writes_and_the_delay_in_force()
    {
        var busy = Activity(Noon, 1, 1);
        var app = busy.Status.Daemons[0];
        var writing = new WritingCounter();
        for (var i = 0; i < 99; i++) writing.Count(new DrySpell(TimeSpan.FromMilliseconds(1), 9000, 9000));
        writing.Count(new DrySpell(TimeSpan.FromSeconds(90), 100, 100));
        writing.CountHold(TimeSpan.FromMilliseconds(5.1));
        app = app with
        {
            Traffic = app.Traffic with { Writing = writing.Status() },
            FlushPolicy = app.FlushPolicy with { AutoDelay = true, FlushDelay = TimeSpan.FromMilliseconds(1.3) },
        };
        var text = string.Join('\n', WatchFrame.Lines(
            [("site", ActivityRates.Between(null, busy with { Status = busy.Status with { Daemons = [app] } }))], Noon, 160, 40));
        Assert.Matches(@"GROUP +DRY SPELLS 50us - 60s +STALLS +PAUSES +HELD P50 +HELD P99 +FLUSH DELAY\n", text);
        Assert.Matches(@"app {9}█ +▂ +99 +1 +5\.\dms +5\.\dms +auto \(1\.3ms\)\n", text);
        var advised = WatchFrame.Lines(
            [("site", ActivityRates.Between(null, busy with { Status = busy.Status with { Daemons = [app] } }))], Noon, 160, 40,
            group => group.Daemon == "app" ? "2ms" : null);
        Assert.Contains(advised, line => line.EndsWith("auto (1.3ms), better 2ms", StringComparison.Ordinal));
        Assert.DoesNotContain("DRY SPELLS", string.Join('\n', WatchFrame.Lines([("site", Busy())], Noon, 160, 40)));
    }

    [Fact]
    public void Frame_shows_groups_routes_flushes_and_responses()
    {
        var text = string.Join('\n', WatchFrame.Lines([("site", Busy())], Noon, 160, 40));

        Assert.Matches(@"^DaemonProxy  12:00:00 +q ends\n", text);
        Assert.Contains("site  Serving  process 1  http://127.0.0.1:8080/  up 0:01:02", text);
        Assert.Contains("2 active   10.0 requests/s   4.88 KiB/s   finished: 120 requests, 4.88 KiB", text);
        Assert.Matches(@"app +Ready +2 +3 +2 +1 +10\.0 +4\.88 KiB +5\.0 +0 +0 +0 +5ms 50ms 8MiB", text);
        Assert.Matches(@"/download +app +2 +10\.0 +4\.88 KiB +400KiB/s +TokenBucket", text);
        Assert.Matches(@"GET /download/7 +200 +1\.5 s +7\.81 KiB +1\.95 KiB +/download", text);
    }

    [Theory]
    [InlineData(160, 40)]
    [InlineData(80, 24)]
    [InlineData(40, 8)]
    [InlineData(20, 2)]
    public void Frame_fits_the_terminal(int width, int height)
    {
        var lines = WatchFrame.Lines([("site", Busy()), ("other", Busy()), ("gone", null)], Noon, width, height);

        Assert.True(lines.Count <= height);
        Assert.All(lines, line => Assert.True(line.Length < width, line));
    }

    [Fact]
    public void Narrow_frame_leaves_out_columns_and_cuts_none()
    {
        var busy = Activity(Noon, 120, 5000, Response(7, 8000) with { Path = "/some/rather/long/path/of/a/download.bin" });
        var writing = new WritingCounter();
        for (var i = 0; i < 99; i++) writing.Count(new DrySpell(TimeSpan.FromMilliseconds(1), 9000, 9000));
        var app = busy.Status.Daemons[0];
        app = app with { Traffic = app.Traffic with { Writing = writing.Status() } };
        busy = busy with { Status = busy.Status with { Daemons = [app] } };
        var rates = ActivityRates.Between(null, busy);

        var wide = WatchFrame.Lines([("site", rates)], Noon, 400, 40, _ => "auto");
        var narrow = WatchFrame.Lines([("site", rates)], Noon, 80, 24, _ => "auto");

        Assert.Contains(wide, line => line.Contains("DEADLINE/S") && line.EndsWith("FLUSH POLICY", StringComparison.Ordinal));
        Assert.Contains(narrow, line => line.Contains("IDLE/S") && line.EndsWith("FLUSH POLICY", StringComparison.Ordinal));
        Assert.Contains(narrow, line => line.StartsWith("app ", StringComparison.Ordinal)
            && line.EndsWith("8MiB", StringComparison.Ordinal));
        Assert.Contains(narrow, line => line.EndsWith("5ms, better auto", StringComparison.Ordinal));
        Assert.Contains(narrow, line => line.StartsWith("ACTIVE RESPONSE", StringComparison.Ordinal)
            && line.EndsWith("BYTES/S", StringComparison.Ordinal));
        Assert.Contains(narrow, line => line.StartsWith("GET /some/rather/long/path/of/a/", StringComparison.Ordinal)
            && line.EndsWith("KiB", StringComparison.Ordinal));
    }

    [Fact]
    public void Frame_says_how_many_responses_it_does_not_show()
    {
        var many = Activity(Noon, 1, 1, [.. Enumerable.Range(1, 50).Select(i => Response(i, 1))]);
        many = many with { Responses = many.Responses with { Count = 70 } };

        var lines = WatchFrame.Lines([("site", ActivityRates.Between(null, many))], Noon, 120, 24);

        var shown = lines.Count(line => line.StartsWith("GET ", StringComparison.Ordinal));
        Assert.True(shown > 3);
        Assert.Equal($"and {70 - shown} more", lines[^1]);
        Assert.True(lines.Count <= 24);
    }

    [Fact]
    public void Stranger_s_path_cannot_speak_to_the_terminal()
    {
        var evil = Response(7, 1) with { Path = "/\e[31mred\r\nGET /fake" };

        var lines = WatchFrame.Lines([("site", ActivityRates.Between(null, Activity(Noon, 1, 1, evil)))], Noon, 120, 30);

        Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
        Assert.Contains(lines, line => line.StartsWith("GET /?[31mred??GET /fake", StringComparison.Ordinal));
    }

    [Fact]
    public void Frame_says_that_nothing_is_running() =>
        Assert.Contains("no front end is running; start one with Start-DaemonProxy", WatchFrame.Lines([], Noon, 80, 24));

    [Fact]
    public void Screen_writes_each_picture_at_once_and_gives_the_terminal_back()
    {
        var terminal = new Writes();
        using (var screen = new WatchScreen(terminal))
        {
            screen.Show(["one", "two"]);
            screen.Show(["three"]);
        }

        Assert.Equal(
            [
                "\e[?1049h\e[?25l\e[?7l\e[?2026h\e[Hone\e[K\r\ntwo\e[K\e[J\e[?2026l",
                "\e[?2026h\e[Hthree\e[K\e[J\e[?2026l",
                "\e[?7h\e[?25h\e[?1049l",
            ],
            terminal.All);
    }

    private static ActivityRates Busy() => ActivityRates.Between(
        Activity(Noon, 100, 1000, Response(7, 4000)), Activity(Noon.AddSeconds(2), 120, 5000, Response(7, 8000), Response(8, 2000)));

    private static ActiveResponse Response(long id, long bytes) =>
        new("site", id, "GET", $"/download/{id}", "/download", "app", 200, bytes, TimeSpan.FromSeconds(1.5));

    private static InstanceActivity Activity(DateTimeOffset time, long requests, long bytes, params ActiveResponse[] responses)
    {
        var traffic = TrafficStatus.None with { Requests = requests, Bytes = bytes, IdleFlushes = (requests - 100) / 2 };
        var status = new InstanceStatus
        {
            Name = "site",
            ProcessId = 1,
            StartTime = Noon.AddSeconds(-60).LocalDateTime,
            State = nameof(InstanceState.Serving),
            Uris = [new("http://127.0.0.1:8080/")],
            Version = "1",
            Traffic = traffic,
            Daemons =
            [
                new()
                {
                    Name = "site",
                    Daemon = "app",
                    Source = nameof(DaemonSource.Sample),
                    State = nameof(DaemonState.Ready),
                    Workers = [new(nameof(DaemonState.Ready), 5, Noon, 1, 1), new(nameof(DaemonState.Ready), 6, Noon, 1, 1)],
                    FlushPolicy = new()
                    {
                        Name = "site",
                        Daemon = "app",
                        FlushDelay = TimeSpan.FromMilliseconds(5),
                        BufferSize = 8 << 20,
                        FlushDeadline = TimeSpan.FromMilliseconds(50),
                    },
                    Traffic = traffic with { Target = "app", Restarts = 3, ActiveRequests = 2, WaitingRequests = 1 },
                },
            ],
            Routes =
            [
                new()
                {
                    Name = "site",
                    Route = "/download",
                    Daemon = "app",
                    RateLimits = [new() { Name = "site", Index = 1, Rate = 400 << 10, Pacer = nameof(PacerKind.TokenBucket) }],
                    Traffic = traffic with { Target = "/download" },
                },
            ],
        };
        var byRoute = responses.Length == 0
            ? [] : new Dictionary<string, ActiveRoute> { ["/download"] = new(responses.Length, responses.Sum(response => response.Bytes)) };
        return new(status, new(responses.Length, responses.Sum(response => response.Bytes), byRoute, responses), time);
    }

    private sealed class Writes : MemoryStream
    {
        public List<string> All { get; } = [];

        public override void Write(byte[] buffer, int offset, int count) =>
            All.Add(System.Text.Encoding.UTF8.GetString(buffer, offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => All.Add(System.Text.Encoding.UTF8.GetString(buffer));
    }
}
