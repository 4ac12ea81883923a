using System.Text;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// <c>tests/hostile/requests-http1.txt</c>: name, statuses, what the daemon sees, bytes. In the bytes, whatever is called <c>evil</c> may
/// never reach a daemon, and whatever is called <c>passes</c> has to. A status is a number, <c>4xx</c>, or <c>refused</c> (400 or 501);
/// after the last one, <c>close</c> demands that the connection ends. The daemon's column has its requests, separated by <c>;</c>, or
/// <c>-</c>.
/// </summary>
public sealed class Http1RequestTests
{
    [Fact]
    public async Task Every_request_is_read_in_one_way_by_all()
    {
        await using var daemon = new RecordingDaemon();
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: requests
            limit-request-body: 1MiB
            daemons: [ { name: app, address: "{{daemon.Address}}", socket-timeout: 10 } ]
            routes: [ { path: /, daemon: app } ]
            """);
        var failures = new StringBuilder();
        var cases = CorpusFile.Read("requests-http1.txt");
        Assert.True(cases.Count >= 300, $"only {cases.Count} cases");
        foreach (var columns in cases)
        {
            if (await FailureAsync(frontEnd, daemon, columns) is { } failure) failures.Append(columns[0]).Append(": ").AppendLine(failure);
        }
        Assert.True(failures.Length == 0, failures.ToString());
        Assert.DoesNotContain("DPXY0011", frontEnd.Events());
    }

    private static async Task<string?> FailureAsync(RunningFrontEnd frontEnd, RecordingDaemon daemon, string[] columns)
    {
        var (statuses, expected, bytes) = (columns[1].Split(','), columns[2], CorpusFile.Bytes(columns[3]));
        var text = Encoding.Latin1.GetString(bytes);
        using (var client = RawClient.Connect(frontEnd.Uri))
        {
            await client.SendAsync(bytes);
            foreach (var status in statuses)
            {
                if (status == "close")
                {
                    if (!await client.ClosesAsync()) return "the connection stays open";
                    break;
                }
                var answer = await client.ReadAsync(toHead: text.StartsWith("HEAD ", StringComparison.Ordinal));
                if (answer is null) return $"no answer, expected {status}";
                if (!Is(answer.Status, status)) return $"status {answer.Status}, expected {status}";
                if (!answer.IsWhole) return "the answer is not whole";
            }
        }
        // The neighbour: on the daemon's kept connection, whatever the case has left there would be taken for the answer.
        using (var neighbour = RawClient.Connect(frontEnd.Uri))
        {
            await neighbour.SendAsync("GET /neighbour HTTP/1.1\r\nHost: a\r\n\r\n");
            if (await neighbour.ReadAsync() is not { Status: 200, Body: "daemon GET /neighbour\n" } answer)
                return "the neighbour got another's answer";
        }
        var violations = daemon.TakeViolations();
        if (violations.Count > 0) return "the daemon got what is no request: " + string.Join("; ", violations);
        var seen = daemon.TakeSeen();
        var own = seen.Where(request => request.Target != "/neighbour").ToArray();
        if (seen.FirstOrDefault(request => request.Raw.Contains("evil", StringComparison.OrdinalIgnoreCase)) is { } evil)
            return $"the daemon got what may not pass: {evil.Raw.ReplaceLineEndings("|")}";
        if (text.Contains("passes", StringComparison.Ordinal)
            && !own.Any(request => request.Raw.Contains("passes", StringComparison.Ordinal)))
            return "the daemon did not get what has to pass";
        var got = own.Length == 0 ? "-" : string.Join(";", own.Select(request => request.ToString()));
        return got == expected ? null : $"the daemon saw {got}, expected {expected}";
    }

    private static bool Is(int status, string expected) => expected switch
    {
        "refused" => status is 400 or 501,
        [_, 'x', 'x'] => status / 100 == expected[0] - '0',
        _ => $"{status}" == expected,
    };
}
