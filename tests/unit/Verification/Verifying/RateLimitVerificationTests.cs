using DaemonProxy.Pacing;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;
using Xunit;
using static DaemonProxy.Tests.Verification.AnsweringServer;

namespace DaemonProxy.Tests.Verification.Verifying;

public class RateLimitVerificationTests
{
    private static readonly RateLimitVerificationOptions Running = new() { Name = "site" };

    [Fact]
    public async Task A_route_that_does_not_strip_its_prefix_is_told_to()
    {
        var result = await MeasureAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");

        Assert.False(result.Passed);
        Assert.Contains("needs strip-prefix: true", result.Problem);
    }

    [Fact]
    public async Task Another_status_than_200_is_named()
    {
        var result = await MeasureAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno");

        Assert.False(result.Passed);
        Assert.EndsWith("answered 503, not 200.", result.Problem);
    }

    [Fact]
    public async Task All_in_one_burst_is_a_problem_and_no_pass()
    {
        var result = await MeasureAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

        Assert.False(result.Passed);
        Assert.Contains("one burst", result.Problem);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_a_problem_and_no_pass()
    {
        var result = await MeasureAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok");

        Assert.False(result.Passed);
        Assert.Contains("broke off after 2 bytes", result.Problem);
    }

    [Fact]
    public void All_routes_with_a_rate_limit_and_the_sample_application_are_measured()
    {
        var instance = Describe(80, Route("/a", "demo", 1024), Route("/b", "demo", 0), Route("/c", "app", 1024));

        Assert.Equal(["/a"], RateLimitVerification.RoutesToMeasure(instance, []).Select(route => route.Route));
    }

    [Theory]
    [InlineData("/x", "has no route '/x'; it has /a, /b, /c.")]
    [InlineData("/b", "has to be one with a rate limit")]
    [InlineData("/c", "leads to no sample application")]
    public void A_route_that_cannot_be_measured_is_refused_with_the_reason(string path, string reason)
    {
        var instance = Describe(80, Route("/a", "demo", 1024), Route("/b", "demo", 0), Route("/c", "app", 1024));

        var error = Assert.Throws<VerificationException>(() => RateLimitVerification.RoutesToMeasure(instance, [path]));

        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void No_route_to_measure_is_refused_with_what_to_add()
    {
        var instance = Describe(80, Route("/c", "app", 1024));

        var error = Assert.Throws<VerificationException>(() => RateLimitVerification.RoutesToMeasure(instance, []));

        Assert.Contains("a daemon with sample: true", error.Message);
    }

    [Theory]
    [InlineData(PacerKind.TokenBucket, null, 0.991, true)]
    [InlineData(PacerKind.TokenBucket, null, 0.989, false)]
    [InlineData(PacerKind.TokenBucket, null, 1.011, false)]
    [InlineData(PacerKind.Interval, null, 0.981, true)]
    [InlineData(PacerKind.Interval, null, 0.979, false)]
    [InlineData(PacerKind.Interval, 0.1, 0.91, true)]
    public void Each_pacer_has_its_tolerance(PacerKind pacer, double? tolerance, double ratio, bool isMet)
    {
        Assert.Equal(isMet, RateLimitExpectation.KeepsToTheRate(pacer, tolerance).IsMetBy(ratio));
    }

    [Theory]
    [InlineData(1 << 20, 0.31, true)]
    [InlineData(1 << 20, 0.51, false)]
    [InlineData(1 << 20, 0, false)]
    [InlineData(100 << 10, 0.89, true)]
    [InlineData(100 << 10, 1.1, false)]
    public void The_defect_is_less_than_half_where_the_rate_is_high_enough_to_show_it(long rate, double ratio, bool isMet)
    {
        Assert.Equal(isMet, RateLimitExpectation.FallsBelowTheRate(PacerKind.Interval, rate).IsMetBy(ratio));
    }

    [Fact]
    public async Task Options_out_of_range_are_refused_before_anything_is_started()
    {
        RateLimitVerificationOptions[] wrong =
        [
            new(), new() { HostPath = "x", Routes = ["/a"] }, new() { HostPath = "x", Rate = 100 },
            new() { HostPath = "x", Duration = TimeSpan.FromMilliseconds(10) }, new() { HostPath = "x", Tolerance = 2 },
        ];
        foreach (var options in wrong)
            await Assert.ThrowsAsync<VerificationException>(() => RateLimitVerification.RunAsync(options, null, CancellationToken.None));
    }

    private static async Task<RateLimitResult> MeasureAsync(string answer)
    {
        using var server = new AnsweringServer(answer);
        var instance = server.Status(Route("/download", "demo", 1 << 20));
        var results = await RateLimitVerification.MeasureAsync(instance, instance.Routes, Running, null, CancellationToken.None);
        return Assert.Single(results);
    }
}
