using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Differential;

/// <summary>
/// The same requests through the product, nginx and HAProxy to one strict daemon. Where the three differ, docs/differences.md says how and
/// why ours is as it is;
/// <c>DAEMONPROXY_WRITE_DIFFERENCES=1</c> writes it anew.
/// </summary>
public sealed partial class DifferentialTests
{
    /// <summary>After this a proxy waits for more of the request, and learns that there is none.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private const string Last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    private static string Document => Path.Combine(RepositoryRoot.Path, "docs", "differences.md");

    [Fact]
    public async Task Differences_to_the_peers_are_those_that_are_explained()
    {
        Programs.Need("nginx");
        Programs.Need("haproxy");
        await using var daemons = new Daemons();
        await using var nginx = await PeerProxy.StartNginxAsync(daemons.All[1].Port);
        await using var haproxy = await PeerProxy.StartHaproxyAsync(daemons.All[2].Port);
        await using var ours = await RunningFrontEnd.StartAsync($$"""
            daemons: [ { name: app, address: "http://127.0.0.1:{{daemons.All[0].Port}}" } ]
            routes: [ { path: /, daemon: app } ]
            """);

        int[] ports = [ours.Uri.Port, nginx.Port, haproxy.Port];
        var versions = (await PeerProxy.VersionAsync("nginx"), await PeerProxy.VersionAsync("haproxy"));
        var known = File.Exists(Document) ? await File.ReadAllTextAsync(Document) : "";
        List<(string Name, string[] Outcomes)> rows = [];
        var text = "";
        // A peer may pass on a request before it finds it malformed, or after it: that is a race of its own. What we do is always the same.
        for (var attempt = 0; attempt < 6 && text != known; attempt++)
        {
            var again = new List<(string Name, string[] Outcomes)>();
            foreach (var request in RequestCorpus.All)
                again.Add((request.Name,
                    await Task.WhenAll(ports.Zip(daemons.All, (port, daemon) => OutcomeAsync(request, port, daemon)))));
            if (rows.Count > 0) Assert.Equal(rows.Select(row => row.Outcomes[0]), again.Select(row => row.Outcomes[0]));
            rows = again;
            text = Text(rows, versions.Item1, versions.Item2);
            if (Environment.GetEnvironmentVariable("DAEMONPROXY_WRITE_DIFFERENCES") == "1") break;
        }

        if (Environment.GetEnvironmentVariable("DAEMONPROXY_WRITE_DIFFERENCES") == "1") await File.WriteAllTextAsync(Document, text);
        Assert.True(rows.Count >= 100);
        Assert.DoesNotContain(rows, row => row.Outcomes[0].Contains("UNREADABLE", StringComparison.Ordinal));
        Assert.DoesNotContain(rows, row => row.Outcomes[0].Contains("FORGED", StringComparison.Ordinal));
        // A daemon that sees more requests than the front end has answered has found one in the body of another.
        Assert.DoesNotContain(rows, row => Seen(row.Outcomes[0]) > row.Outcomes[0].Split(':')[0].Split(',').Length);
        Assert.DoesNotContain(ours.LogLines(), line => line.Contains("DPXY0011", StringComparison.Ordinal));
        Assert.DoesNotContain("| UNEXPLAINED |", text);
        var written = await File.ReadAllTextAsync(Document);
        Assert.SkipUnless(Versions().Match(written).Value == Versions().Match(text).Value,
            "docs/differences.md was written with other versions of nginx and HAProxy than are installed");
        Assert.Equal(written.Split('\n'), text.Split('\n'));
    }

    private static int Seen(string outcome) => outcome.Contains(": ", StringComparison.Ordinal) ? outcome.Split("; ").Length : 0;

    private sealed class Daemons : IAsyncDisposable
    {
        /// <summary>One for each proxy, so that all three can be asked at once.</summary>
        public RecordingDaemon[] All { get; } = [new(), new(), new()];

        public async ValueTask DisposeAsync()
        {
            foreach (var daemon in All) await daemon.DisposeAsync();
        }
    }

    private static async Task<string> OutcomeAsync(CorpusRequest request, int port, RecordingDaemon daemon)
    {
        daemon.Take();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        // The request after it ends the connection, so that nothing has to be waited for, unless it is taken for a part of the first one.
        await socket.SendAsync(request.Bytes("").Concat(Encoding.ASCII.GetBytes(Last)).ToArray());
        var answer = new StringBuilder();
        if (!await ReadAsync(socket, answer, Patience))
        {
            socket.Shutdown(SocketShutdown.Send);
            if (!await ReadAsync(socket, answer, 5 * Patience)) answer.Append("HTTP/1.1 ~~~ ");
        }
        var statuses = Status().Matches(answer.ToString()).Select(match => match.Groups[1].Value.Replace("~~~", "no end"))
            .Where(status => status != "100").ToList();
        var seen = daemon.Take().ToList();
        if (seen.Count > 0 && seen[^1].StartsWith("GET /last ", StringComparison.Ordinal) && statuses.Count > 0)
        {
            seen.RemoveAt(seen.Count - 1);
            statuses.RemoveAt(statuses.Count - 1);
        }
        var told = statuses.Count == 0 ? "closed" : string.Join(", ", statuses);
        return (seen.Count == 0 ? told : $"{told}: {string.Join("; ", seen)}").Replace($":{port}", ":PORT");
    }

    /// <summary>Reads to the connection's end; false when it is not there in time.</summary>
    private static async Task<bool> ReadAsync(Socket socket, StringBuilder answer, TimeSpan patience)
    {
        var buffer = new byte[16_384];
        using var limit = new CancellationTokenSource(patience);
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var count)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            return true;
        }
        catch (SocketException)
        {
            // A reset is an end too.
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static string Text(List<(string Name, string[] Outcomes)> rows, string nginx, string haproxy)
    {
        var different = rows.Where(row => row.Outcomes.Distinct().Count() > 1).ToList();
        var reasons = File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "differential", "reasons.txt"))
            .Where(line => line.Length > 0)
            .Select(line => line.Split('\t')).Select(parts => (Pattern: new Regex($@"\A(?:{parts[0]})\z"), Why: parts[1])).ToList();
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            # Where DaemonProxy, nginx and HAProxy differ

            {rows.Count} raw requests ([tests/differential/requests.txt](../tests/differential/requests.txt)) through each of them to one
            daemon that reads by RFC 9112 to the letter: {rows.Count - different.Count} have the same outcome, {different.Count} do not.
            What comes before the colon is the answer that the client gets, what comes after it is what the daemon saw.
            "closed" is a connection closed without an answer. FORGED is an X-Forwarded-For that the client made up.
            Versions: nginx {nginx}, HAProxy {haproxy}, each with its defaults, HTTP/1.1 and kept connections to the daemon.

            The test `DifferentialTests` compares this file with what happens; `DAEMONPROXY_WRITE_DIFFERENCES=1` has it write the file.
            The reasons are in tests/differential/reasons.txt.

            | request | DaemonProxy | nginx | HAProxy | why ours |
            | --- | --- | --- | --- | --- |

            """));
        foreach (var group in different.GroupBy(row => (Why(row), string.Join('\n', row.Outcomes))))
        {
            var outcomes = group.First().Outcomes.Select(Cell);
            text.Append($"| {string.Join(", ", group.Select(row => row.Name))} | ").AppendJoin(" | ", outcomes)
                .Append($" | {group.Key.Item1} |\n");
        }
        return text.ToString();

        string Why((string Name, string[] Outcomes) row) => reasons.Find(reason => reason.Pattern.IsMatch(row.Name)).Why ?? "UNEXPLAINED";
    }

    /// <summary>A table's cell: long values shortened, nothing that Markdown or a terminal would take for its own.</summary>
    private static string Cell(string text) =>
        string.Concat(Long().Replace(text, "$1...")
            .Select(c => c is '|' ? "\\|" : c is < ' ' or > '~' ? $"\\x{(int)c:x2}" : c.ToString()))
            .Replace("*", "\\*").Replace("<", "&lt;");

    [GeneratedRegex(@"HTTP/1\.[01] (~~~|\d{3}) ")]
    private static partial Regex Status();

    [GeneratedRegex(@"(v{20}|A{20})[vA]+")]
    private static partial Regex Long();

    [GeneratedRegex(@"nginx [\d.]+, HAProxy [\d.]+")]
    private static partial Regex Versions();
}
