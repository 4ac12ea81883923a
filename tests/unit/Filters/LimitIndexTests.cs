using System.IO.Pipelines;
using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Fleet;
using DaemonProxy.Pacing;
using DaemonProxy.Tests.Timing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>Which limits a response obeys, and in which order, beside a walk over all of them.</summary>
public sealed class LimitIndexTests
{
    private static readonly FakeTimeProvider Time = new();

    private static readonly Gen<string> Path = Any("/", "/a", "/a/b", "/a/", "/ab", "/b/a", "/é", "/c//d");
    private static readonly Gen<string> ConditionPath = Gen.Frequency(
        (3, Path), (2, Any("*", "/*", "/a*", "/a/*", "/a/b*c", "/*/b", "/a/*/c*", "/a**/b", "/b/*.iso", "a", "//*")));

    private static readonly Gen<string> Type = Any("text/html", "TEXT/plain", "video/mp4", "video/x/y", "video", "text/");
    private static readonly Gen<string> ConditionType = Gen.OneOf(Type, Any("video/*", "Text/*", "*/*", "/*", "/html"));

    private static readonly Gen<RateConditions> Conditions = Gen.Select(
        ConditionPath.Array[0, 3], ConditionType.Array[0, 3], Any("GET", "post").Array[0, 1], Any(0L, 10L),
        (paths, types, methods, size) => new RateConditions { Paths = paths, ContentTypes = types, Methods = methods, MinimumSize = size });

    private static readonly Gen<LiveRateLimit> Limit = Gen.Select(
        Gen.Frequency((1, Gen.Const(RateConditions.None)), (9, Conditions)), Gen.Enum<RateScope>(),
        (conditions, scope) => new LiveRateLimit(new RateLimit(1, 0, PacerKind.TokenBucket), Time, scope, conditions));

    private static readonly Gen<BodyFacts> Facts = Gen.Select(
        Any("GET", "POST", "HEAD"), Gen.OneOf(Path, Any("", "/a/b/c", "/a/x/c1", "/a/bc", "/b/x.iso", "/a/b/", "/c/d")),
        Gen.OneOf(Type, Any(null!, "", "text/html; charset=utf-8", " Video/MP4 ;x", "video/", "/html")), Any<long?>(null, 5, 10),
        (method, path, type, length) => new BodyFacts(method, path, type, length));

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static List<LiveRateLimit> Met(LimitIndex own, LimitIndex? all, BodyFacts facts)
    {
        using var met = new MetLimits(own, all, facts, stackalloc int[2]);
        var limits = new List<LiveRateLimit>();
        for (var i = 0; i < met.Count; i++) limits.Add(met[i]);
        return limits;
    }

    [Fact]
    public void Limits_are_those_of_a_walk_over_all_of_them_in_the_same_order() =>
        Gen.Select(Limit.Array[0, 24], Limit.Array[0, 24], Facts).Sample((own, all, facts) =>
        {
            var expected = own.Concat(all).OrderBy(limit => limit.Scope).Where(limit => limit.Conditions.Match(facts));
            Assert.Equal(expected, Met(new LimitIndex(own), new LimitIndex(all), facts));
        }, iter: 20_000);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void Index_has_a_rate_as_soon_as_and_as_long_as_one_of_its_limits_has_one(int without)
    {
        LiveRateLimit[] limits = [.. Enumerable.Range(0, without + 1).Select(_ => new LiveRateLimit(new RateLimit(0, 0, PacerKind.TokenBucket), Time))];
        var index = new LimitIndex(limits);
        Assert.False(index.HasRate);
        limits[^1].Limit = limits[^1].Limit with { Rate = 1 };
        Assert.True(index.HasRate);
        limits[^1].Limit = limits[^1].Limit with { Rate = 0 };
        Assert.False(index.HasRate);
    }

    [Fact]
    public void Limit_without_others_of_all_routes_is_found() =>
        Assert.Single(Met(new LimitIndex(New(RateConditions.None)), null, new BodyFacts("GET", "/", null, null)));

    [Theory]
    [InlineData("path")]
    [InlineData("type")]
    public void A_thousand_limits_on_conditions_that_are_not_met_cost_no_more_than_ten_and_no_memory(string what)
    {
        var (few, many) = (Index(10, what), Index(1_000, what));
        var facts = new BodyFacts("GET", "/media/none/x", "video/none", 5);
        // A walk would take 100 times as long.
        Assert.InRange(ThreadTime.Ratio(() => FindOften(many, facts), () => FindOften(few, facts)), 0, 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var filter = PacedOutput.Create(many, many, facts, default, asked: 0, output: null!, Time);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(filter);
    }

    [Fact]
    public void Response_that_one_limit_refuses_is_counted_by_none()
    {
        var time = new FakeTimeProvider();
        FleetAddress.TryParse("redis://127.0.0.1:1", "/", out var redis, out _);
        var member = new FleetMember(new FleetOptions { Redis = redis!, OnLoss = FleetLoss.Refuse }, "one", time);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(member.CheckLoss());
        var options = new RateLimitOptions { RateLimit = 1_000, SharedBy = LimitSharing.Fleet };
        using var lost = LiveRateLimit.From(options, time, new PacingLoad(), "", member);
        using var total = LiveRateLimit.From(options with { SharedBy = LimitSharing.FrontEnd, RateScope = RateScope.Total }, time, new PacingLoad());
        var (own, all) = (new LimitIndex(lost), new LimitIndex(total));
        Assert.Throws<BrokenResponseException>(() => PacedOutput.Create(own, all, new BodyFacts("GET", "/", null, 5), default, 0, null!, time));
        Assert.Throws<BrokenResponseException>(() =>
            PacedBodyReader.Create(all, own, new BodyFacts("PUT", "/", null, 5), default, new Pipe().Reader, default));
        Assert.Equal(0, total.Responses);
    }

    private static LimitIndex Index(int count, string what) => new([.. Enumerable.Range(0, count).Select(i => New(
        what == "path" ? new RateConditions { Paths = [$"/media/{i}"] } : new RateConditions { ContentTypes = [$"video/x{i}"] }))]);

    private static LiveRateLimit New(RateConditions conditions) =>
        new(new RateLimit(1, 0, PacerKind.TokenBucket), Time, RateScope.Response, conditions);

    private static void FindOften(LimitIndex index, BodyFacts facts)
    {
        for (var i = 0; i < 1_000; i++) PacedOutput.Create(index, null, facts, default, asked: 0, output: null!, Time);
    }
}
