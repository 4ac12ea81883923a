using System.Text;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// <c>tests/hostile/requests-http2.txt</c>: name, outcome, what the daemon sees, frames in the words of <see cref="Http2Frames.Compose"/>.
/// The outcome is that of stream 1: a status, or <c>refused</c>: a 4xx, a 501, a reset stream, a GOAWAY or an end; or <c>either</c>:
/// refused, or 200 without the offending field (the daemon's column has both). What is called <c>evil</c> never reaches a daemon, what is
/// called <c>passes</c> does.
/// </summary>
public sealed class Http2RequestTests
{
    [Fact]
    public async Task Every_request_is_read_in_one_way_by_all()
    {
        await using var daemon = new RecordingDaemon();
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: frames
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: { certificate: site.pem, key: site.key }
            limit-request-body: 1MiB
            daemons: [ { name: app, address: "{{daemon.Address}}", socket-timeout: 10 } ]
            routes: [ { path: /, daemon: app } ]
            """, TlsTests.Files());
        var failures = new StringBuilder();
        var cases = CorpusFile.Read("requests-http2.txt");
        Assert.True(cases.Count >= 120, $"only {cases.Count} cases");
        foreach (var columns in cases)
        {
            if (await FailureAsync(frontEnd, daemon, columns) is { } failure) failures.Append(columns[0]).Append(": ").AppendLine(failure);
        }
        Assert.True(failures.Length == 0, failures.ToString());
        Assert.DoesNotContain(frontEnd.LogLines(), line => line.Contains("DPXY0011", StringComparison.Ordinal));
    }

    private static async Task<string?> FailureAsync(RunningFrontEnd frontEnd, RecordingDaemon daemon, string[] columns)
    {
        var (outcome, expected, words) = (columns[1], columns[2], columns[3]);
        string got;
        await using (var client = await Http2Frames.ConnectAsync(frontEnd.Status.Uris[1]))
        {
            await client.SendAsync(Http2Frames.Compose(words));
            got = await client.OutcomeAsync(stream: 1);
        }
        using (var neighbour = RawClient.Connect(frontEnd.Uri))
        {
            await neighbour.SendAsync("GET /neighbour HTTP/1.1\r\nHost: a\r\n\r\n");
            if (await neighbour.ReadAsync() is not { Status: 200, Body: "daemon GET /neighbour\n" })
                return "the neighbour got another's answer";
        }
        var violations = daemon.TakeViolations();
        var seen = daemon.TakeSeen().Where(request => request.Target != "/neighbour").ToArray();
        if (violations.Count > 0) return "the daemon got what is no request: " + string.Join("; ", violations);
        if (seen.FirstOrDefault(request => request.Raw.Contains("evil", StringComparison.OrdinalIgnoreCase)) is { } evil)
            return $"the daemon got what may not pass: {evil.Raw.ReplaceLineEndings("|")}";
        if (words.Contains("passes", StringComparison.Ordinal)
            && !seen.Any(request => request.Raw.Contains("passes", StringComparison.Ordinal)))
            return "the daemon did not get what has to pass";
        var isRefused = got is "reset" or "goaway" or "closed" or "501" or ['4', _, _];
        var isAsExpected = outcome switch { "refused" => isRefused, "either" => isRefused || got == "200", _ => got == outcome };
        if (!isAsExpected) return $"{got}, expected {outcome}";
        var saw = seen.Length == 0 ? "-" : string.Join(";", seen.Select(request => request.ToString()));
        return expected.Split('|').Contains(saw) ? null : $"the daemon saw {saw}, expected {expected}";
    }
}
