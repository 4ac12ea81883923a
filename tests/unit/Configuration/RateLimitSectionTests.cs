using DaemonProxy.Configuration;
using DaemonProxy.Pacing;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>
/// Rate limits in a configuration: what they become, what is wrong with them and where, and which responses they are for.
/// </summary>
public sealed class RateLimitSectionTests
{
    private const string Daemons = "daemons: [ { name: a, sample: true } ]\n";

    private static string Mistake(string yaml)
    {
        var mistakes = Assert.Throws<ConfigurationException>(() => ConfigurationText.Read(Daemons + yaml)).Errors;
        return Assert.Single(mistakes) is var mistake ? $"{mistake.Line}:{mistake.Column} {mistake.Message}" : "";
    }

    [Fact]
    public void Route_s_own_limit_and_its_list_hold_together()
    {
        var route = ConfigurationText.Read(Daemons + """
            routes:
              - path: /
                daemon: a
                rate-limit: 1MiB/s
                rate-scope: route
                rate-limit-after: 64KiB
                rate-limits:
                  - { rate-limit: 100KiB/s, methods: get, content-types: [ video/*, text/html ], paths: [ /a, "/*.iso" ], minimum-size: 1MiB, pacer: interval }
            """).Routes[0];
        Assert.Equal(2, route.AllRateLimits.Count);
        Assert.Equal((1L << 20, RateScope.Route, 65_536L),
            (route.AllRateLimits[0].RateLimit, route.AllRateLimits[0].RateScope, route.AllRateLimits[0].RateInitialBurst));
        var listed = route.AllRateLimits[1];
        Assert.Equal((102_400L, RateScope.Response, PacerKind.Interval), (listed.RateLimit, listed.RateScope, listed.Pacer));
        Assert.Equal(["GET"], listed.Conditions.Methods);
        Assert.Equal(["video/*", "text/html"], listed.Conditions.ContentTypes);
        Assert.Equal(["/a", "/*.iso"], listed.Conditions.Paths);
        Assert.Equal(1 << 20, listed.Conditions.MinimumSize);
    }

    [Fact]
    public void Route_without_a_limit_has_one_that_can_be_set() =>
        Assert.Equal(0, Assert.Single(ConfigurationText.Read(Daemons).Routes[0].AllRateLimits).RateLimit);

    [Fact]
    public void Limits_at_the_top_are_for_all_routes_and_may_be_total()
    {
        var proxy = ConfigurationText.Read(
            Daemons + "rate-limits: [ { rate-limit: 1MiB/s, rate-scope: client }, { rate-limit: 9MiB/s, rate-scope: total } ]");
        Assert.Equal([RateScope.Client, RateScope.Total], proxy.RateLimits.Select(limit => limit.RateScope));
    }

    [Fact]
    public void Limits_of_uploads_stand_beside_those_of_responses()
    {
        var proxy = ConfigurationText.Read(Daemons + """
            rate-limits: [ { rate-limit: 9MiB/s, direction: upload, rate-scope: total }, { rate-limit: 8MiB/s, direction: download } ]
            routes:
              - path: /
                daemon: a
                rate-limit: 1MiB/s
                upload-rate-limit: 2MiB/s
                upload-rate-scope: client
                rate-limits:
                  - { rate-limit: 3MiB/s, direction: upload, rate-scope: route, rate-limit-after: 1KiB, methods: PUT, minimum-size: 5 }
                  - { rate-limit: 4MiB/s }
            """);
        Assert.Equal([RateDirection.Upload, RateDirection.Download], proxy.RateLimits.Select(limit => limit.Direction));
        var route = proxy.Routes[0];
        Assert.Equal([1L << 20, 4L << 20], route.AllRateLimits.Select(limit => limit.RateLimit));
        Assert.Equal([(2L << 20, RateScope.Client), (3L << 20, RateScope.Route)],
            route.AllUploadRateLimits.Select(limit => (limit.RateLimit, limit.RateScope)));
        Assert.Equal((1024L, "PUT", 5L), (route.AllUploadRateLimits[1].RateInitialBurst,
            route.AllUploadRateLimits[1].Conditions.Methods[0], route.AllUploadRateLimits[1].Conditions.MinimumSize));
    }

    [Fact]
    public void Route_without_a_limit_of_uploads_has_one_that_can_be_set() => Assert.Equal(
        (0L, RateDirection.Upload),
        (Assert.Single(ConfigurationText.Read(Daemons).Routes[0].AllUploadRateLimits) is var limit ? limit.RateLimit : -1, limit.Direction));

    [Theory]
    [InlineData("routes: [ { path: /, daemon: a, upload-rate-limit: 1KB/s, upload-rate-scope: total } ]",
        "2:78 upload-rate-scope: a total limit is for all routes; put it into 'rate-limits:' at the top of the file, or write route for all "
        + "uploads")]
    [InlineData("routes: [ { path: /, daemon: a, upload-rate-scope: client } ]",
        "2:33 upload-rate-scope has no effect without an upload-rate-limit; add for example 'upload-rate-limit: 400KiB/s'")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, direction: upload, pacer: interval } ]",
        "2:63 pacer: interval is what Apache does to responses and cannot pace uploads; write token-bucket, or leave out 'direction' in "
        + "line 2")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, direction: up } ]", "2:48 direction: 'up' is not known; write download or upload")]
    [InlineData("routes: [ { path: /, daemon: a, rate-limit: 1KB/s, rate-scope: total } ]",
        "2:64 rate-scope: a total limit is for all routes; put it into 'rate-limits:' at the top of the file, or write route")]
    [InlineData("routes: [ { path: /, daemon: a, rate-limits: [ { rate-limit: 1KB/s, rate-scope: total } ] } ]",
        "2:81 rate-scope: a total limit is for all routes")]
    [InlineData("routes: [ { path: /, daemon: a, rate-limit: 1KB/s, rate-scope: client, pacer: interval } ]",
        "2:79 pacer: interval sleeps for each response by itself and can share no rate; write token-bucket, or leave out 'rate-scope' in "
        + "line 2")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, rate-scope: total, pacer: interval-2.4.33 } ]", "2:63 pacer: interval-2.4.33 sleeps")]
    [InlineData("routes: [ { path: /, daemon: a, rate-limit: 1KB/s, rate-limit-after: 1KB, rate-initial-burst: 1KB } ]",
        "2:75 rate-limit-after (nginx's name) and rate-initial-burst (Apache's) are one option")]
    [InlineData("rate-limits: [ { rate-scope: total } ]", "2:16 a rate limit has no rate; add for example 'rate-limit: 400KiB/s'")]
    [InlineData("routes: [ { path: /, daemon: a, rate-scope: client } ]", "2:33 rate-scope has no effect without a rate-limit")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, methods: [ 'GET POST' ] } ]",
        "2:48 methods: 'GET POST' is no method; write for example GET")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, content-types: video } ]",
        "2:52 content-types: 'video' is no media type; write for example video/mp4, or video/* for all of a kind")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, paths: '*.iso' } ]", "2:44 paths: '*.iso' must begin with a '/'")]
    [InlineData("rate-limits: [ { rate-limit: 1KB/s, scope: client } ]", "2:37 unknown key 'scope' for a rate limit")]
    [InlineData("trusted-proxies: [ 10.0.0.0/33 ]",
        "2:20 trusted-proxies: '10.0.0.0/33' is no IP address and no range of them; write for example 10.0.0.1, 10.0.0.0/8 or "
        + "2001:db8::/32")]
    [InlineData("trusted-proxies: [ 10.1 ]", "2:20 trusted-proxies: '10.1' is no IP address")]
    [InlineData("trusted-proxies: example.org", "2:18 trusted-proxies: 'example.org' is no IP address")]
    public void Mistake_is_told_with_its_place_and_what_would_be_right(string yaml, string expected) =>
        Assert.StartsWith(expected, Mistake(yaml));

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("2001:db8::1", "2001:db8::1/128")]
    [InlineData("2001:db8::1/32", "2001:db8::/32")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    public void Trusted_proxies_are_addresses_and_networks(string text, string expected) =>
        Assert.Equal(expected, Assert.Single(ConfigurationText.Read(Daemons + $"trusted-proxies: '{text}'").TrustedProxies).ToString());

    [Theory]
    [InlineData("GET", "/a", "video/mp4; codecs=x", 100L, true)]
    [InlineData("POST", "/a", "video/mp4", 100L, false)]
    [InlineData("GET", "/a/b", "VIDEO/mp4", null, true)]
    [InlineData("GET", "/ab", "video/mp4", 100L, false)]
    [InlineData("GET", "/x/y.iso", "text/html", 100L, true)]
    [InlineData("GET", "/x/y.iso2", "text/html", 100L, false)]
    [InlineData("GET", "/a", "text/htmlx", 100L, false)]
    [InlineData("GET", "/a", null, 100L, false)]
    [InlineData("GET", "/a", "video/mp4", 99L, false)]
    public void Limit_is_for_the_responses_that_meet_all_its_conditions(
        string method, string path, string? type, long? length, bool expected)
    {
        var conditions = ConfigurationText.Read(
            Daemons + "rate-limits: [ { rate-limit: 1KB/s, methods: GET, content-types: [ video/*, text/html ], paths: [ /a/, '/*.iso' ], "
            + "minimum-size: 100 } ]")
            .RateLimits[0].Conditions;
        Assert.Equal(expected, conditions.Match(new BodyFacts(method, path, type, length)));
    }

    [Theory]
    [InlineData("/*", "/", true)]
    [InlineData("/*/b", "/a/b", true)]
    [InlineData("/*/b", "/a/c/b", true)]
    [InlineData("/*/b", "/b", false)]
    [InlineData("/a*a*a*a*a*b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("/", "/anything", true)]
    [InlineData("/a**c", "/abc", true)]
    public void Path_with_a_star_is_the_whole_path_and_one_without_a_prefix(string pattern, string path, bool expected) =>
        Assert.Equal(expected, new RateConditions { Paths = [pattern] }.Match(new BodyFacts("GET", path, null, null)));
}
