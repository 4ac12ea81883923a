using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Pacing;
using DaemonProxy.Platform;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>Which route a path belongs to, and what a route's daemon sees of it.</summary>
public sealed class RouteTableTests
{
    private static readonly FakeTimeProvider Time = new();

    private static Route New(RouteOptions options, DaemonGroup? group = null) =>
        new(options, group, NoLimits(RateDirection.Download), NoLimits(RateDirection.Upload), new StatisticsBook(), Time, new PacingLoad());

    private static RateLimitSet NoLimits(RateDirection direction) => new(direction, [], Time, new PacingLoad());

    private static RouteTable Table(params string[] paths) =>
        new(paths.Select(path => New(new RouteOptions { Path = path, Daemon = "app" })));

    private static string? Match(RouteTable table, string path, EncodedSlashes slashes = EncodedSlashes.Refuse) =>
        table.Match(RequestPath.Normalise(path, slashes))?.Options.Path;

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/x", "/")]
    [InlineData("/a", "/a")]
    [InlineData("/a/", "/a")]
    [InlineData("/a/x/y", "/a")]
    [InlineData("/ab", "/")]
    [InlineData("/A", "/")]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/a/bc", "/a")]
    [InlineData("/a/b/c", "/a/b")]
    [InlineData("/a/b/../x", "/a")]
    [InlineData("/a/../b", "/")]
    [InlineData("//a//b", "/a/b")]
    [InlineData("/%61/%62", "/a/b")]
    [InlineData("/a%20b/x", "/a b")]
    [InlineData("/a%2520b/x", "/")]
    [InlineData("/caf%c3%a9", "/café")]
    [InlineData("/caf%C3%A9/x", "/café")]
    [InlineData("/cafe", "/")]
    public void Longest_prefix_of_whole_segments_has_the_path_however_it_is_spelled(string path, string route)
    {
        string[] paths = ["/a", "/", "/a/b", "/a b", "/café"];
        Assert.Equal(route, Match(Table(paths), path));
        // Their order in the configuration says nothing.
        Assert.Equal(route, Match(Table([.. paths.Reverse()]), path));
    }

    [Fact]
    public void Path_that_no_route_has_gets_none()
    {
        Assert.Null(Match(Table("/a", "/a/b"), "/"));
        Assert.Null(Match(Table("/a", "/a/b"), "/b/a"));
        Assert.Null(Match(Table(), "/"));
    }

    [Fact]
    public void Request_for_the_server_itself_is_the_root_routes()
    {
        Assert.Equal("/", Table("/a", "/").Match(RequestPath.OfServer)?.Options.Path);
        Assert.Null(Table("/a").Match(RequestPath.OfServer));
    }

    [Fact]
    public void Match_is_that_of_a_naive_comparison_segment_by_segment()
    {
        var segment = Gen.OneOf(
            Gen.Const("a"), Gen.Const("b"), Gen.Const("ab"), Gen.Const("a b"), Gen.Const("é"), Gen.Const("%"), Gen.Const("A"));
        var segments = segment.Array[0, 4];
        Gen.Select(segments.Array[0, 6], segments, Gen.Bool).Sample((routes, path, hasSlash) =>
        {
            var paths = routes.Select(route => "/" + string.Join('/', route)).Distinct().ToArray();
            var encoded = RequestPath.Encode("/" + string.Join('/', path)) + (hasSlash && path.Length > 0 ? "/" : "");
            var expected = paths.Where(route => IsPrefix(Segments(route), path)).MaxBy(route => Segments(route).Length);
            Assert.Equal(expected, Match(Table(paths), encoded));
        }, iter: 3_000);
    }

    private static string[] Segments(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsPrefix(string[] route, string[] path) =>
        route.Length <= path.Length && route.SequenceEqual(path.Take(route.Length));

    [Theory]
    [InlineData("/x/a%2Fb", "/x")]
    [InlineData("/x/%2F", "/x")]
    [InlineData("/other%2Fx", "/")]
    [InlineData("/other/x%2Fy", "/")]
    [InlineData("/x%2Fy", null)]
    [InlineData("/x%2f", null)]
    [InlineData("/x/deep%2Fer", null)]
    [InlineData("/x%2Fdeep/er", null)]
    [InlineData("/x/deep/a%2Fb", "/x/deep")]
    public void Path_that_belongs_to_two_routes_by_its_encoded_slashes_is_refused(string path, string? route)
    {
        var table = Table("/", "/x", "/x/deep");
        if (route is not null) Assert.Equal(route, Match(table, path, EncodedSlashes.Keep));
        else Assert.Same(
            EventCatalogue.EncodedSlashRefused,
            Assert.Throws<BrokenResponseException>(() => Match(table, path, EncodedSlashes.Keep)).Reason);
    }

    [Fact]
    public void Routes_are_listed_with_the_longest_prefix_first() =>
        Assert.Equal(["/a/b/c", "/a/b", "/a", "/"], Table("/a", "/a/b/c", "/", "/a/b").Routes.Select(route => route.Options.Path));

    [Theory]
    [InlineData("/a", false, "/a/x?q=1", "/a/x?q=1")]
    [InlineData("/a", true, "/a/x?q=1", "/x?q=1")]
    [InlineData("/a", true, "/a", "/")]
    [InlineData("/a", true, "/a/", "/")]
    [InlineData("/a", true, "/a?q", "/?q")]
    [InlineData("/a", true, "//%61/./x%20y", "/x%20y")]
    [InlineData("/a b", true, "/a%20b/x", "/x")]
    [InlineData("/café", true, "/caf%c3%a9/x", "/x")]
    [InlineData("/", true, "/x?q", "/x?q")]
    [InlineData("/", false, "/", "/")]
    public void Daemon_gets_the_normalised_target_without_the_prefix_where_that_is_asked_for(
        string route, bool strips, string target, string expected)
    {
        var served = New(new RouteOptions { Path = route, Daemon = "app", StripPrefix = strips });
        Assert.Equal(expected, served.TargetOf(RequestTarget.Parse("GET", target, EncodedSlashes.Refuse)));
    }

    [Fact]
    public void Application_gets_the_whole_path_for_its_script_name_is_cut_off_later()
    {
        var group = new DaemonGroup(
            new DaemonGroupOptions { Name = "app", Source = DaemonSource.Application, Application = "/srv/app.py" }, Time,
            new GroupStatistics(), new ConnectionBudget(null));
        var served = New(new RouteOptions { Path = "/a", Daemon = "app", StripPrefix = true }, group);
        Assert.Equal("/a/x?q", served.TargetOf(RequestTarget.Parse("GET", "/a/x?q", EncodedSlashes.Refuse)));
    }
}
