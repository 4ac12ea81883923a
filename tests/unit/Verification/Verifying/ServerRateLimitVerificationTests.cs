using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Reporting;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Verifying;

public class ServerRateLimitVerificationTests
{
    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", MeasurementFailure.UnexpectedAnswer,
        "answers 302 and sends to /elsewhere; measure that address.")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", MeasurementFailure.UnexpectedAnswer,
        "answers 401; give what it asks for with a header")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno", MeasurementFailure.UnexpectedAnswer,
        "answers 503, not 200.")]
    [InlineData("220 mail.example.com ESMTP\r\n", MeasurementFailure.UnexpectedAnswer, "does not speak HTTP/1.1")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", MeasurementFailure.TooShort, "answers with an empty body")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", MeasurementFailure.TooShort,
        "All 5 bytes came in one burst, which has no rate")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", MeasurementFailure.BrokenOff, "broke off after 5 bytes")]
    public async Task An_answer_that_has_no_rate_says_why(string answer, MeasurementFailure failure, string problem)
    {
        using var server = new AnsweringServer(answer);

        var result = await MeasureAsync(new() { Uri = server.Status().Uri, Rate = 1024 });

        Assert.Equal(failure.ToString(), result.Failure);
        Assert.Contains(problem, result.Problem);
        Assert.False(result.Passed);
        Assert.Equal(0, result.AchievedRate);
    }

    [Fact]
    public async Task Bytes_to_skip_that_are_the_whole_body_are_too_many()
    {
        using var server = new AnsweringServer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

        var result = await MeasureAsync(new() { Uri = server.Status().Uri, Rate = 1024, Skip = 100 });

        Assert.Contains("ended after 5 bytes, within the 100 that were to be left out", result.Problem);
    }

    [Fact]
    public async Task One_that_nobody_answers_spares_the_other_connections()
    {
        var result = await MeasureAsync(new() { Uri = Nobody(), Rate = 1024, Connections = 50 });

        Assert.Equal(nameof(MeasurementFailure.NotConnected), result.Failure);
        Assert.StartsWith("No connection to 127.0.0.1:", result.Problem);
        Assert.Single(result.Details);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var result = await MeasureAsync(
            new() { Uri = new($"http://{silent.LocalEndpoint}"), Rate = 1024, WaitLimit = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(nameof(MeasurementFailure.TimedOut), result.Failure);
        Assert.Contains("did not answer within 0.05 s", result.Problem);
    }

    [Fact]
    public async Task Cancelling_gives_what_was_measured_so_far()
    {
        using var server = new AnsweringServer("HTTP/1.1 200 OK\r\n\r\n");
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        var result = await ServerRateLimitVerification.RunAsync(
            new() { Uri = server.Status().Uri, Rate = 1024, Duration = TimeSpan.FromMinutes(10) }, null, stop.Token);

        Assert.True(result.Interrupted);
        Assert.False(result.Passed);
    }

    [Fact]
    public async Task What_cannot_be_measured_is_refused_with_what_can()
    {
        var possible = new ServerRateLimitOptions { Uri = Nobody(), Rate = 1024 };
        foreach (var (options, words) in new (ServerRateLimitOptions, string)[]
        {
            (possible with { Rate = 0 }, "give 1 byte/s to 10 GiB/s"),
            (possible with { Duration = TimeSpan.FromMilliseconds(1) }, "give 1 second to 1 hour"),
            (possible with { Connections = 10_001 }, "give 1 to 10000"),
            (possible with { Connections = 10_000, Duration = TimeSpan.FromMinutes(10) }, "for 200 s at most"),
            (possible with { Tolerance = 0 }, "such as 0.01"),
            (possible with { Skip = -1 }, "give 0 or more"),
            (possible with { Uri = new("ftp://x/") }, "write for example http://"),
            (possible with { Headers = [new("a b", "c")] }, "is no header's name"),
            (possible with { Headers = [new("a", "b\r\nc: d")] }, "has a line break"),
        })
            Assert.Contains(words, (await Assert.ThrowsAsync<VerificationException>(() => MeasureAsync(options))).Message);
    }

    [Fact]
    public void A_request_carries_the_headers_given_instead_of_its_own()
    {
        var request = new ConnectionRequest
        {
            Uri = new("http://me:se%20cret@example.com:81/a%20b?c=d#e"),
            EndPoints = [],
            Headers = [new("user-agent", "mine"), new("X-A", "b")],
        };
        var head = Encoding.UTF8.GetString(request.Head());

        Assert.StartsWith("GET /a%20b?c=d HTTP/1.1\r\nHost: example.com:81\r\n", head);
        Assert.Contains("\r\nAuthorization: Basic bWU6c2UgY3JldA==\r\n", head);
        Assert.Contains("\r\nuser-agent: mine\r\nX-A: b\r\n", head);
        Assert.DoesNotContain("daemonproxy-probe", head);
        Assert.EndsWith("\r\nConnection: close\r\n\r\n", head);
    }

    [Fact]
    public void Too_few_open_files_are_refused_with_the_way_out() => Assert.Equal(
        "10000 connections need as many open files, and this process may have 1024; raise the limit (ulimit -n 11000) or measure at most "
        + "924.", OpenFileLimit.Refusal(10_000, 1024));

    [Fact]
    public void A_report_shows_an_address_as_text_and_has_a_text_for_each_chart()
    {
        var result = new ServerRateLimitResult
        {
            Uri = new("http://x/?a=<script>"),
            ConfiguredRate = 1024,
            Connections = 1,
            Expected = "within 1%",
            AchievedRate = 1000,
            Duration = TimeSpan.FromSeconds(2),
            Samples = [new(TimeSpan.Zero, 512), new(TimeSpan.FromSeconds(2), 2000)],
            Windows = [1000, 1000],
            Gaps = [TimeSpan.FromSeconds(0.5)],
            LongestGap = TimeSpan.FromSeconds(0.5),
        };

        var html = RateLimitReport.Html([result, result]);

        Assert.DoesNotContain("<script", html);
        Assert.Equal(8, html.Split("<svg ").Length - 1);
        Assert.Equal(8, html.Split("role=\"img\" aria-label=\"").Length - 1);
        Assert.DoesNotContain("NaN", html);
    }

    [Theory]
    [InlineData("/x?n=1", "/x?n=2", "http/x?n=1|http/x?n=2")]
    [InlineData("/x?n=1&padding-that-fills-the-label-completely", "/x?n=2&padding-that-fills-the-label-completely",
        "1. …that-fills-the-label-completely|2. …that-fills-the-label-completely")]
    public void A_report_tells_addresses_apart_that_differ_in_their_query_and_has_the_verdict_beside_them(
        string first, string second, string labels)
    {
        ServerRateLimitResult Result(string target) => new()
        {
            Uri = new("http://http" + target),
            ConfiguredRate = 1024,
            Connections = 1,
            Expected = "within 1%",
            AchievedRate = 1024,
            Duration = TimeSpan.FromSeconds(2),
            Windows = [1024, 1024],
            Passed = true,
        };

        var html = RateLimitReport.Html([Result(first), Result(second)]);

        var shown = Regex.Matches(html[..html.IndexOf("</svg>", StringComparison.Ordinal)], ">([^<>]+)</text>")
            .Select(text => System.Net.WebUtility.HtmlDecode(text.Groups[1].Value)).ToList();
        Assert.Equal(labels.Split('|'), shown.TakeLast(2));
        Assert.Contains("<th scope=\"col\">Measured</th><th scope=\"col\">Result</th>", html);
    }

    private static Task<ServerRateLimitResult> MeasureAsync(ServerRateLimitOptions options) =>
        ServerRateLimitVerification.RunAsync(options, null, new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);

    private static Uri Nobody()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return new($"http://{free.LocalEndpoint}/");
    }
}
