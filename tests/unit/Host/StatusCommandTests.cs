using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Host.CommandLine;
using DaemonProxy.Tests.Control;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>What <c>status</c> prints, and what verbs say that were given no name.</summary>
public sealed class StatusCommandTests
{
    private static readonly InstanceStatus Site = ControlServer.Status("site") with
    {
        ConfigurationFile = "/srv/a/rather/long/path/of/a/configuration/site.yaml",
        EventLog = "/run/daemonproxy/site/events.log",
        Daemons =
        [
            new DaemonStatus
            {
                Name = "site",
                Daemon = "application",
                Source = "Application",
                State = "BackingOff",
                Workers = [.. Enumerable.Range(0, 2).Select(i => new WorkerStatus("Ready", 1_234_567 + i, null, 0, 0))],
                FlushPolicy = new FlushPolicyStatus
                {
                    Name = "site",
                    Daemon = "application",
                    FlushDelay = TimeSpan.FromMilliseconds(5),
                    BufferSize = 8 << 20,
                    FlushDeadline = TimeSpan.FromMilliseconds(50),
                },
            },
        ],
    };

    [Fact]
    public void Front_end_has_no_lines_for_what_it_does_not_have()
    {
        var plain = StatusCommand.Detail(Site, 80);
        var full = StatusCommand.Detail(
            Site with
            {
                RestrictEmbedded = false,
                Replaced = [17],
                Warnings = ["daemon group 'application' runs as root; name another user"],
                RateLimits =
                [
                    Limit(1, 100 << 20, "Total", "Fleet"), Limit(2, 1 << 20, "Client", "FrontEnd") with { Paths = ["/video/*"] },
                    Limit(3, 0, "Total", "FrontEnd"),
                ],
                UploadRateLimits = [Limit(1, 2 << 20, "Client", "FrontEnd") with { Direction = "Upload" }],
                Fleet = new FleetStatus
                {
                    Fleet = "shop",
                    Redis = "redis://10.0.0.5:6379/0",
                    State = nameof(FleetState.Connected),
                    Members = 2,
                    OnLoss = "Local",
                },
            }, 80);

        Assert.DoesNotContain("none\n", plain.Replace("\r", "", StringComparison.Ordinal));
        Assert.DoesNotContain("never set", plain);
        Assert.Contains($"configuration: {Site.ConfigurationFile}", plain);
        Assert.Contains("event log: /run/daemonproxy/site/events.log", plain);
        Assert.Contains("restrict-embedded: off", full);
        Assert.Contains("fleet: shop", full);
        Assert.Contains("replaced, still finishing: process 17", full);
        Assert.DoesNotContain("every route", plain);
        Assert.DoesNotContain("warning", plain);
        Assert.Equal(
            ["every route: 100MiB/s in total, shared by the fleet", "every route: 1MiB/s for each client on conditions",
                "every route: uploads 2MiB/s for each client"],
            full.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith("every route", StringComparison.Ordinal)));
        Assert.Contains("warning: daemon group 'application' runs as root; name another user", full);
    }

    private static RateLimitStatus Limit(int index, long rate, string scope, string sharedBy) =>
        new() { Name = "site", Index = index, Rate = rate, Scope = scope, SharedBy = sharedBy };

    [Fact]
    public void Tables_fit_the_terminal()
    {
        var wide = Site with { Uris = [new Uri("http://127.0.0.1:8080"), new Uri("https://127.0.0.1:8443")] };

        var lines = StatusCommand.Detail(wide, 80).Split('\n')
            .Concat($"{StatusCommand.Table([wide, wide]).Fit(80, "configuration", "requests")}".Split('\n'));
        Assert.All(lines.Where(line => !line.StartsWith("configuration:", StringComparison.Ordinal)),
            line => Assert.InRange(line.Length, 0, 81));
    }

    [Fact]
    public void Front_end_that_serves_an_application_is_not_called_the_sample()
    {
        var application = Site with
        {
            ConfigurationFile = null,
            Daemons = [Site.Daemons[0] with { Application = "/srv/hello.wsgi" }],
        };

        Assert.Contains("(application /srv/hello.wsgi)", $"{StatusCommand.Table([application])}");
        Assert.Contains("(built-in sample)", $"{StatusCommand.Table([Site with { ConfigurationFile = null }])}");
    }

    [Fact]
    public void Verb_without_a_name_tells_which_front_end_runs_when_the_default_one_does_not()
    {
        Assert.Null(FrontEndNames.WithoutName("stop", []));
        Assert.Equal(
            "no NAME was given, and no front end 'default' is running; 'blog' is: daemonproxy stop blog",
            FrontEndNames.WithoutName("stop", ["blog"]));
        Assert.EndsWith("running now: blog, shop; give one of them: daemonproxy update NAME",
            FrontEndNames.WithoutName("update", ["blog", "shop"]));
    }

    [Theory]
    [InlineData("stop", true)]
    [InlineData("restart", true)]
    [InlineData("update", true)]
    [InlineData("advise", true)]
    [InlineData("stop other", false)]
    [InlineData("status other", false)]
    [InlineData("check other.yaml", false)]
    public void Hint_is_for_verbs_that_were_given_no_name(string line, bool isMeant)
    {
        var parsed = DaemonProxyCommand.Create().Parse(line);
        var failure = new ControlException("no front end named 'default' is running", ControlFailure.NotRunning);

        Assert.Equal(isMeant, FrontEndNames.LacksName(parsed, failure));
        Assert.False(FrontEndNames.LacksName(parsed, new ControlException("no", ControlFailure.TimedOut)));
    }
}
