using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Pacing;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Timing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>What thousands of routes and groups cost: each of them the same, however many there are.</summary>
public sealed class GrowingConfigurationTests
{
    // A file of this many routes has some 300 KiB.
    private const int Many = 6_000;
    private const int Few = Many / 10;

    private static string Text(int routes, Func<int, string> groupOf)
    {
        var text = new StringBuilder("daemons:\n");
        for (var i = 0; i < routes / 10; i++) text.Append("  - { name: group").Append(i).Append(", sample: on }\n");
        text.Append("routes:\n");
        for (var i = 0; i < routes; i++) text.Append("  - { path: /shop/item").Append(i).Append(", daemon: ").Append(groupOf(i)).Append(" }\n");
        return text.ToString();
    }

    private static string Right(int routes) => Text(routes, i => $"group{i % (routes / 10)}");

    private static string Wrong(int routes) => Text(routes, _ => "entirely");

    private static void Read(string yaml)
    {
        try { ConfigurationFile.Parse(yaml, "site.yaml", "/"); }
        catch (ConfigurationException)
        {
            // The mistakes are what takes the time.
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reading_takes_a_time_in_proportion_to_the_number_of_routes(bool isRight)
    {
        var (few, many) = isRight ? (Right(Few), Right(Many)) : (Wrong(Few), Wrong(Many));
        // Ten times, where what grows with the square would take a hundred times.
        Assert.InRange(ThreadTime.Ratio(() => Read(many), () => Read(few), tries: 6), 0, 40);
    }

    [Fact]
    public void Mistake_does_not_list_hundreds_of_groups()
    {
        var mistakes = Assert.Throws<ConfigurationException>(() => ConfigurationFile.Parse(Wrong(Few), "site.yaml", "/")).Errors;
        Assert.Equal(Few, mistakes.Count);
        Assert.All(mistakes, mistake => Assert.EndsWith("group18, group19 and 40 more", mistake.Message));
    }

    [Fact]
    public void Route_takes_little_memory_whatever_the_number_of_limits_of_all_routes()
    {
        var (time, load, statistics) = (new FakeTimeProvider(), new PacingLoad(), new StatisticsBook());
        RateLimitSet All(RateDirection direction) => new(
            direction, Enumerable.Range(0, 1_000).Select(i => new RateLimitOptions
            {
                RateLimit = 1,
                Direction = direction,
                Conditions = new RateConditions { Paths = [$"/{i}"] },
            }), time, load);
        var (downloads, uploads) = (All(RateDirection.Download), All(RateDirection.Upload));
        Route New(int i) => new(new RouteOptions { Path = $"/{i}", Daemon = "app" }, null, downloads, uploads, statistics, time, load);
        New(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Route[] routes = [.. Enumerable.Range(1, 1_000).Select(New)];
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / routes.Length;
        Assert.InRange(each, 1, 3_500);
        GC.KeepAlive(routes);
    }
}
