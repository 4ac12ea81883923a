using System.Globalization;
using System.Net;
using System.Text;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// <c>tests/hostile/answers.txt</c>: name, what the daemon does after its answer (<c>keep</c>, <c>close</c>, <c>reset</c>; with
/// <c>head-</c> the request is HEAD), what the client gets, bytes. The client gets a status and a body, a status alone where the front end
/// answers, or <c>broken</c>: a 502, or a transfer that cannot be taken for a whole one. What is
/// called <c>evil</c> reaches no client, over neither protocol, and the next one gets its own answer.
/// </summary>
public sealed class HostileAnswerTests
{
    private static readonly IReadOnlyList<string[]> Cases = CorpusFile.Read("answers.txt");

    [Fact]
    public async Task No_answer_is_taken_for_another()
    {
        Assert.True(Cases.Count >= 300, $"only {Cases.Count} answers");
        await using var daemon = new RecordingDaemon("daemon", AnswerAsync);
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: answers
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: { certificate: site.pem, key: site.key }
            daemons: [ { name: app, address: "{{daemon.Address}}", socket-timeout: 10 } ]
            routes: [ { path: /, daemon: app } ]
            """, TlsTests.Files());
        using var http2 = TlsTests.Client(frontEnd.Status.Uris[1], HttpVersion.Version20);
        var failures = new StringBuilder();
        for (var i = 0; i < Cases.Count; i++)
        {
            var (isHead, expected) = (Cases[i][1].StartsWith("head-", StringComparison.Ordinal), Cases[i][2]);
            Judge("HTTP/1.1", i, expected, await Http1Async(frontEnd, i, isHead), await NeighbourAsync(frontEnd, i));
            Judge("HTTP/2", i, expected, await Http2Async(http2, i, isHead), await NeighbourAsync(frontEnd, i));
        }
        Assert.True(failures.Length == 0, failures.ToString());
        Assert.DoesNotContain("DPXY0011", frontEnd.Events());

        void Judge(string protocol, int index, string expected, (string Outcome, string All) got, string? neighbour)
        {
            var outcome = expected.Contains(' ', StringComparison.Ordinal) ? got.Outcome : got.Outcome.Split(' ')[0];
            // Where nothing had left yet, the front end could say so by a status.
            if (outcome != expected && (expected, outcome) is not ("broken", "502"))
                failures.AppendLine($"{Cases[index][0]} over {protocol}: {got.Outcome}, expected {expected}");
            else if (got.All.Contains("evil", StringComparison.OrdinalIgnoreCase))
                failures.AppendLine($"{Cases[index][0]} over {protocol}: the client got what may not pass");
            else if (neighbour is not null) failures.AppendLine($"{Cases[index][0]} over {protocol}: {neighbour}");
        }
    }

    private static async Task<bool> AnswerAsync(SeenRequest request, Stream client)
    {
        if (!request.Target.StartsWith("/case/", StringComparison.Ordinal))
        {
            var body = request.Target + "\n";
            await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            return true;
        }
        var columns = Cases[int.Parse(request.Target.AsSpan(6), CultureInfo.InvariantCulture)];
        await client.WriteAsync(CorpusFile.Bytes(columns[3]));
        if (columns[1].EndsWith("keep", StringComparison.Ordinal)) return true;
        await client.FlushAsync();
        if (columns[1] == "reset") throw new ResetException();
        return false;
    }

    private static async Task<(string Outcome, string All)> Http1Async(RunningFrontEnd frontEnd, int index, bool isHead)
    {
        using var client = RawClient.Connect(frontEnd.Uri);
        await client.SendAsync($"{(isHead ? "HEAD" : "GET")} /case/{index} HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await client.ReadAsync(isHead);
        return answer is { Status: > 0, IsWhole: true }
            ? ($"{answer.Status} {answer.Body}", answer.Head + answer.Body) : ("broken", answer?.Head + answer?.Body);
    }

    private static async Task<(string Outcome, string All)> Http2Async(HttpClient client, int index, bool isHead)
    {
        try
        {
            using var request = new HttpRequestMessage(
                isHead ? HttpMethod.Head
                : HttpMethod.Get, $"/case/{index}")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact
            };
            using var response = await client.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            return ($"{(int)response.StatusCode} {body}", response.ToString() + body);
        }
        catch (HttpRequestException)
        {
            return ("broken", "");
        }
    }

    private static async Task<string?> NeighbourAsync(RunningFrontEnd frontEnd, int index)
    {
        using var client = RawClient.Connect(frontEnd.Uri);
        await client.SendAsync($"GET /neighbour/{index} HTTP/1.1\r\nHost: a\r\n\r\n");
        return await client.ReadAsync() is { Status: 200 } answer && answer.Body == $"/neighbour/{index}\n"
            ? null : "the neighbour got another's answer";
    }
}
