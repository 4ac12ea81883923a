using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Pacing;
using DaemonProxy.Requests;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Timing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// The route table beside a walk over all routes, which is the definition of a match, on random tables and on requests that are spelled in
/// every way that there is.
/// </summary>
public sealed class RouteTableReferenceTests
{
    private static readonly FakeTimeProvider Time = new();

    // "a" is a prefix of "ab", "A" is another case, and a configuration's path may hold what looks like an escape.
    private static readonly Gen<string> Segment = Any("a", "b", "ab", "A", "a b", "é", "%", "%2F", "a%2Fb", "...", "~a;p=1", "\\");
    private static readonly Gen<string> RoutePath = Segment.Array[0, 4].Select(segments => "/" + string.Join('/', segments));
    private static readonly Gen<Route[]> Routes = RoutePath.Array[0, 12].Select(paths => paths.Distinct().Select(New).ToArray());

    private static readonly Gen<EncodedSlashes> Slashes = Gen.Enum<EncodedSlashes>();

    // Between two segments of a request: what normalisation has to see through, and what it must not.
    private static readonly Gen<string> Separator = Gen.Frequency(
        (6, Gen.Const("/")), (1, Any("//", "/./", "/%2e/", "/x/../", "/x/%2E%2e/", "/%78/.%2E/", "%2F", "%2f", "/..")));

    private static readonly Gen<string> End = Any("", "", "", "/", "//", "/.", "/..", "/%2e", "%2F", "?", "?/a", "/?a=/../b", "?a#");

    private static readonly Gen<string> Spelled = Gen.Select(
        Segment, Gen.Int[0, 3].Array[8],
        (segment, ways) => string.Concat(RequestPath.Encode(segment).Select((c, i) => Spell(c, ways[i % ways.Length]))));

    private static readonly Gen<string> Request = Gen.Frequency(
        (5, Gen.Select(Gen.Select(Separator, Spelled).Array[0, 5], End, (parts, end) =>
            string.Concat(parts.Select(part => part.Item1 + part.Item2)) is { Length: > 0 } path ? path + end : "/" + end)),
        (2, Any('/', 'a', 'b', 'A', '%', '2', 'f', 'F', '.', ';', '\\', '?', '\u00e9').Array[0, 12].Select(chars => "/" + new string(chars))));

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Spell(char c, int way) => (c, way) switch
    {
        // Never what makes another escape of one: %25 stays as it is.
        ('%' or '/', _) or (_, 0) => c.ToString(),
        (_, 1) when char.IsAsciiLetter(c) => $"%{(int)c:X2}",
        (_, 2) when char.IsAsciiLetter(c) => $"%{(int)c:x2}",
        _ => c.ToString(),
    };

    private static Route New(string path) => new(
        new RouteOptions { Path = path, Daemon = "app" }, null, NoLimits(RateDirection.Download), NoLimits(RateDirection.Upload),
        new StatisticsBook(), Time, new PacingLoad());

    private static RateLimitSet NoLimits(RateDirection direction) => new(direction, [], Time, new PacingLoad());

    /// <summary>The definition: of all routes, those with the longest path first, the first whose path is a prefix of whole segments.</summary>
    private static Route? Walk(IEnumerable<Route> routes, RequestPath requested)
    {
        var path = requested.Decoded;
        foreach (var route in routes.OrderByDescending(route => route.Options.Path.Length))
        {
            var prefix = route.Options.Path.AsSpan().TrimEnd('/');
            if (path.AsSpan().StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/'))
                return requested.IsBelow(route.EncodedPath) || prefix.IsEmpty
                    ? route : throw new BrokenResponseException(EventCatalogue.EncodedSlashRefused, "");
        }
        return null;
    }

    private static (Route? Route, EventDefinition? Refusal) Outcome(Func<Route?> match)
    {
        try { return (match(), null); }
        catch (BrokenResponseException refusal) { return (null, refusal.Reason); }
    }

    [Fact]
    public void Match_is_that_of_a_walk_over_all_routes_however_the_request_is_spelled() =>
        Gen.Select(Routes, Request, Slashes).Sample((routes, request, slashes) =>
        {
            var table = new RouteTable(routes);
            var walked = Outcome(() => Walk(routes, RequestTarget.Parse("GET", request, slashes).Path));
            var matched = Outcome(() => table.Match(RequestTarget.Parse("GET", request, slashes).Path));
            Assert.Equal(walked, matched);
        }, iter: 20_000);

    [Fact]
    public void What_the_daemon_is_sent_belongs_to_the_same_route() =>
        Gen.Select(Routes, Request, Slashes).Sample((routes, request, slashes) =>
        {
            var table = new RouteTable(routes);
            RequestTarget target = default;
            if (Outcome(() => table.Match((target = RequestTarget.Parse("GET", request, slashes)).Path)).Route is not { } route) return;
            Assert.Same(route, table.Match(RequestTarget.Parse("GET", route.TargetOf(target), slashes).Path));
        }, iter: 10_000);

    /// <summary>The random requests are of use only if they reach every outcome often.</summary>
    [Fact]
    public void Random_requests_are_matched_refused_and_unmatched()
    {
        var (matched, below, ambiguous, malformed, none) = (0, 0, 0, 0, 0);
        Gen.Select(Routes, Request, Slashes).Sample((routes, request, slashes) =>
        {
            var (route, refusal) = Outcome(() => Walk(routes, RequestTarget.Parse("GET", request, slashes).Path));
            if (route is not null) Interlocked.Increment(ref route.EncodedPath.Length > 0 ? ref below : ref matched);
            else if (refusal == EventCatalogue.EncodedSlashRefused && slashes == EncodedSlashes.Keep) Interlocked.Increment(ref ambiguous);
            else if (refusal is not null) Interlocked.Increment(ref malformed);
            else Interlocked.Increment(ref none);
        }, iter: 60_000);
        // The rarest outcome comes some 45 times.
        Assert.All([matched, below, ambiguous, malformed, none], count => Assert.InRange(count, 5, 60_000));
    }

    [Fact]
    public void Match_among_ten_thousand_routes_allocates_nothing_and_takes_no_longer_than_among_ten()
    {
        var (few, many) = (Table(10), Table(10_000));
        RequestPath[] paths = [.. Enumerable.Range(0, 64).Select(i => RequestPath.Normalise($"/api/item{i % 10}/x/y", default))];
        // A walk would take some 500 times as long.
        Assert.InRange(ThreadTime.Ratio(() => MatchAll(many, paths), () => MatchAll(few, paths)), 0, 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var path in paths) many.Match(path);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>A client that sends as many segments as a request line holds must not make the front end look at them again and again.</summary>
    [Fact]
    public void Match_of_a_path_of_very_many_segments_takes_a_time_that_grows_with_its_length_alone()
    {
        var deep = new RouteTable([New("/" + string.Join('/', Enumerable.Repeat("a", 4_000))), New("/")]);
        RequestPath[] part = [RequestPath.Normalise("/" + string.Join('/', Enumerable.Repeat("a", 500)), default)];
        RequestPath[] whole = [RequestPath.Normalise("/" + string.Join('/', Enumerable.Repeat("a", 4_000)) + "/b", default)];
        // Some eight times as long; looking at the rest of the path at each of its segments would be 64 times.
        Assert.InRange(ThreadTime.Ratio(() => MatchAll(deep, whole), () => MatchAll(deep, part)), 0, 25);
        Assert.Equal("/", deep.Match(part[0])?.Options.Path);
        Assert.Equal(8_000, deep.Match(whole[0])?.Options.Path.Length);
    }

    private static RouteTable Table(int count) => new(Enumerable.Range(0, count).Select(i => New($"/api/item{i}")).Append(New("/")));

    private static void MatchAll(RouteTable table, RequestPath[] paths)
    {
        for (var i = 0; i < 16; i++)
        {
            foreach (var path in paths) table.Match(path);
        }
    }
}
