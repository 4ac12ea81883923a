using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Display;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Tests.Configuration;
using DaemonProxy.Tests.Relay;
using Microsoft.Extensions.Time.Testing;
using Mono.Cecil;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>What the table says of each pacer is what the pacer does, and what all who read the table make of it.</summary>
public sealed class PacerTableTests
{
    private const long Rate = 1000;
    private const int Chunk = 200;

    private readonly FakeTimeProvider _time = new();
    private readonly RecordingChain _chain;

    public PacerTableTests() => _chain = new(_time, 0);

    public static TheoryData<PacerKind> Pacers => [.. PacerTable.All.Select(pacer => pacer.Kind)];

    private RateLimitFilter Filter(PacerKind pacer) => new(new LiveRateLimit(new RateLimit(Rate, 0, pacer), _time), default, _chain);

    /// <summary>How long a write takes on the test's clock.</summary>
    private async Task<TimeSpan> WriteAsync(RateLimitFilter filter, int count, Marker marker)
    {
        var start = _time.GetUtcNow();
        var write = filter.WriteAsync(new byte[count], marker, default).AsTask();
        for (var i = 0; !write.IsCompleted; i++)
        {
            Assert.True(i < 100_000, "the write never ended");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
        await write;
        return _time.GetUtcNow() - start;
    }

    [Fact]
    public void Table_has_a_row_for_each_pacer_and_the_cmdlets_have_the_same()
    {
        Assert.Equal(Enum.GetValues<PacerKind>(), PacerTable.All.Select(pacer => pacer.Kind));
        Assert.All(PacerTable.All, pacer => Assert.Same(pacer, PacerTable.Get(pacer.Kind)));
        using var cmdlets = ModuleDefinition.ReadModule(Path.Combine(RepositoryRoot.Path, "module", "bin", "DaemonProxy.Cmdlets.dll"));
        var shown = cmdlets.GetType("DaemonProxy.Cmdlets.Pacer").Fields.Where(field => field.HasConstant)
            .Select(field => (field.Name, (int)field.Constant));
        Assert.Equal(PacerTable.All.Select(pacer => (pacer.Kind.ToString(), (int)pacer.Kind)), shown);
    }

    [Theory]
    [MemberData(nameof(Pacers))]
    public void Parser_takes_its_name_and_a_shared_limit_takes_what_can_be_shared(PacerKind kind)
    {
        var pacer = PacerTable.Get(kind);
        var configuration = ConfigurationText.Read(Route($"rate-limit: 1KiB/s, pacer: {pacer.Name}"));
        Assert.Equal(kind, configuration.Routes[0].RateLimit.Pacer);
        var shared = Record.Exception(() => ConfigurationText.Read(Route($"rate-limit: 1KiB/s, rate-scope: client, pacer: {pacer.Name}")));
        Assert.Equal(pacer.CanBeShared, shared is null);
        Assert.Contains(
            $"{pacer.Name} {pacer.Description}", RateLimitSection.Keys.Descriptions.Single(key => key.Name == "pacer").Text.Text);

        static string Route(string keys) => $"daemons: [ {{ name: a, sample: on }} ]\nroutes: [ {{ path: /, daemon: a, {keys} }} ]";
    }

    [Theory]
    [MemberData(nameof(Pacers))]
    public async Task Pacer_holds_for_full_writes_as_its_row_says(PacerKind kind)
    {
        var filter = Filter(kind);
        await WriteAsync(filter, Chunk / 2, Marker.None);
        Assert.Equal(PacerTable.Get(kind).HoldsForFullWrites ? Chunk / 2 : 0, filter.Held);
    }

    /// <summary>Bytes that are flushed out one by one: what a flush costs more than its bytes do is the pacer's flush cost.</summary>
    [Theory]
    [MemberData(nameof(Pacers))]
    public async Task Flush_costs_what_its_row_says_and_the_warning_tells_what_becomes_of_the_rate(PacerKind kind)
    {
        const int Flushes = 200;
        var (pacer, filter) = (PacerTable.Get(kind), Filter(kind));
        var took = TimeSpan.Zero;
        for (var i = 0; i < Flushes; i++) took += await WriteAsync(filter, 10, Marker.Flush);

        var ratio = Flushes * 10 / Math.Max(1e-9, took.TotalSeconds) / Rate;
        if (pacer.FlushCost > TimeSpan.Zero) Assert.Equal(pacer.FlushCost * (Flushes - 1), took);
        var warning = NoDelayWarning.From(Limited("/slow", kind), TimeSpan.Zero)!;
        Assert.StartsWith("Route '/slow' is limited to 1000B/s and daemon 'app' has no flush delay", warning);
        Assert.Contains($"The {pacer.Name} pacer ", warning);
        Assert.Equal(ratio < 0.9, warning.Contains("fall far below their rate"));
        Assert.Equal(ratio is >= 0.9 and <= 1.1, warning.Contains("keeps its rate"));
        Assert.Equal(ratio > 1.1, warning.Contains("may exceed their rate"));
    }

    [Theory]
    [MemberData(nameof(Pacers))]
    public void Nothing_is_warned_of_with_a_flush_delay_or_without_a_limit(PacerKind kind)
    {
        Assert.Null(NoDelayWarning.From(Limited("/", kind), TimeSpan.FromMilliseconds(1)));
        Assert.Null(NoDelayWarning.From(Limited("/", kind, rate: 0), TimeSpan.Zero));
    }

    [Fact]
    public void Of_several_limits_the_one_that_suffers_most_is_warned_of()
    {
        var kinds = new[] { PacerKind.TokenBucket, PacerKind.Interval2433, PacerKind.Interval };
        var route = Limited("/", kinds[0]) with { RateLimits = [.. kinds.Select(kind => Limited("/", kind).RateLimits[0])] };
        Assert.Contains("The interval pacer ", NoDelayWarning.From(route, TimeSpan.Zero));
        Assert.Contains(
            "The interval-2.4.33 pacer ", NoDelayWarning.From(route with { RateLimits = [.. route.RateLimits.Take(2)] }, TimeSpan.Zero));
    }

    private static RouteStatus Limited(string path, PacerKind pacer, long rate = Rate) => new()
    {
        Name = "site",
        Route = path,
        Daemon = "app",
        RateLimits = [new() { Name = "site", Route = path, Index = 1, Rate = rate, Pacer = pacer.ToString() }],
    };
}
