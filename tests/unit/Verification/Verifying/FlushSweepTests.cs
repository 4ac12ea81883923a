using DaemonProxy.Control;
using DaemonProxy.Tests.Control;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Reporting;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Verifying;

/// <summary>What a sweep can be asked for, and how its results are shown.</summary>
public sealed class FlushSweepTests
{
    [Theory]
    [InlineData("/", "app")]
    [InlineData("/other?x=1", "app")]
    [InlineData("/media/big.iso", "media")]
    [InlineData("/media?x=/", "media")]
    [InlineData("/mediate", "app")]
    public void Path_belongs_to_the_longest_route_above_it(string path, string daemon) =>
        Assert.Equal(daemon, FlushSweep.RouteOf(Instance, Options(path)).Daemon);

    [Theory]
    [InlineData("/media/x", "app", "is served by daemon group 'media', not by 'app'")]
    [InlineData("/inproc/x", null, "is served by an embedded application")]
    public void Path_that_no_delay_applies_to_is_refused(string path, string? daemon, string words)
    {
        var refusal = Assert.Throws<VerificationException>(() => FlushSweep.RouteOf(Instance, Options(path) with { Daemon = daemon }));
        Assert.Contains(words, refusal.Message);
    }

    [Theory]
    [InlineData("export.csv", 5, "is no path to request")]
    [InlineData("/a b", 5, "is no path to request")]
    [InlineData("/a", 0.5, "give 1 s or more")]
    public void Sweep_that_makes_no_sense_says_what_would(string path, double seconds, string words)
    {
        var refusal = Assert.Throws<VerificationException>(() => (Options(path) with { Duration = TimeSpan.FromSeconds(seconds) }).Check());
        Assert.Contains(words, refusal.Message);
    }

    internal static FlushSweepResult Result { get; } = new()
    {
        Name = "site",
        Daemon = "app",
        Path = "/x",
        Delay = TimeSpan.FromMilliseconds(5),
        Predicted = new FlushAdviceRow
        {
            Delay = TimeSpan.FromMilliseconds(5),
            FlushesPerSecond = 20,
            WritesPerMebibyte = 1,
            HeldP50 = TimeSpan.FromMilliseconds(5),
            RateShare = 0.73,
        },
        FlushesPerSecond = 19.5,
        HeldP50 = TimeSpan.FromMilliseconds(5.2),
        RateShare = 0.742,
        Passed = true,
    };

    [Fact]
    public void Prediction_and_measurement_stand_side_by_side()
    {
        var text = VerificationReport.Text([Result, Result with { Passed = null, NotMeasurable = "not measurable now: busy" }]);

        Assert.Matches(@"5ms\s+5\.0 ms\s+5\.2 ms\s+-\s+-\s+73\.0%\s+74\.2%\s+20\.0\s+19\.5\s+ok", text);
        Assert.Contains("5ms: not measurable now: busy", text);
        Assert.Contains("\"rateShare\": 0.742", VerificationJson.Text<FlushSweepResult>([Result]));
    }

    [Fact]
    public void Requests_of_others_are_told_and_leave_no_failure()
    {
        var others = Result with { OtherRequests = 3 };

        Assert.Contains("5ms: the route served 3 requests of others meanwhile", VerificationReport.Text([others]));
        Assert.Equal(others, FlushSweep.Judged(others));
        var judged = FlushSweep.Judged(others with { Passed = false, OtherRequests = 1 });
        Assert.Null(judged.Passed);
        Assert.Contains("served a request of somebody else meanwhile", judged.NotMeasurable);
        Assert.False(FlushSweep.Judged(Result with { Passed = false }).Passed);
        Assert.False(FlushSweep.Judged(others with { Passed = false, Problem = "It broke off." }).Passed);
    }

    private static FlushSweepOptions Options(string path) => new() { Name = "site", Path = path };

    private static InstanceStatus Instance { get; } = ControlServer.Status("site") with
    {
        Routes = [Route("/", "app"), Route("/media", "media"), Route("/inproc", null)],
    };

    private static RouteStatus Route(string path, string? daemon) =>
        new() { Name = "site", Route = path, Daemon = daemon, RateLimits = [] };
}
