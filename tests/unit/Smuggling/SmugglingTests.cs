using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DaemonProxy.Tests.Differential;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Smuggling;

/// <summary>
/// Victims beside attackers on kept connections to gunicorn, uvicorn, Node and the product's own workers. Every attacker sends a smuggling
/// request of the corpus; each victim gets its own answer, no attacker gets a victim's, and no daemon sees a request that no route leads
/// to, or a client that is somebody else.
/// <c>DAEMONPROXY_VICTIMS</c> (1,000) and <c>DAEMONPROXY_ATTACKERS</c> (each case to each daemon, once) say how many.
/// </summary>
public sealed class SmugglingTests
{
    private static readonly string[] Daemons = ["gunicorn", "uvicorn", "node", "wsgi"];

    [Fact]
    public async Task No_answer_goes_to_the_wrong_client_and_no_request_is_forged()
    {
        foreach (var program in Daemons[..^1]) Programs.Need(program);
        Programs.Need("python3");
        var folder = RunningFrontEnd.NewFolder();
        foreach (var file in new[] { "app.py", "app.js" })
            File.Copy(Path.Combine(RepositoryRoot.Path, "tests", "unit", "Smuggling", "apps", file), Path.Combine(folder, file));
        File.Copy(Path.Combine(folder, "app.py"), Path.Combine(folder, "app.wsgi"));
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            daemons:
              - { name: gunicorn, command: [ gunicorn, --worker-class, gthread, --threads, "8", --keep-alive, "30", --bind,
                  "unix:{socket}", "app:application" ] }
              - { name: uvicorn, command: [ uvicorn, --uds, "{socket}", --timeout-keep-alive, "30", --log-level, error, "app:asgi" ] }
              - { name: node, command: [ node, app.js, "{socket}" ] }
              - { name: wsgi, application: app.wsgi }
            routes:
              - { path: /gunicorn, daemon: gunicorn, strip-prefix: true }
              - { path: /uvicorn, daemon: uvicorn, strip-prefix: true }
              - { path: /node, daemon: node, strip-prefix: true }
              - { path: /wsgi, daemon: wsgi, strip-prefix: true }
            """, folder);

        var cases = RequestCorpus.Smuggling;
        var (victims, attackers) = (Setting("DAEMONPROXY_VICTIMS", 1000), Setting("DAEMONPROXY_ATTACKERS", cases.Count * Daemons.Length));
        var wrong = new ConcurrentQueue<string>();
        var clock = Stopwatch.StartNew();
        var attacks = Parallel.ForAsync(0, attackers, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
            await AttackAsync(frontEnd.Uri, cases[i / Daemons.Length % cases.Count], Daemons[i % Daemons.Length], wrong));
        // As many as were asked for, and more of them for as long as there are attackers.
        var served = 0;
        do
        {
            await VictimsAsync(frontEnd.Uri, served, served == 0 ? victims : 100, wrong);
            served += served == 0 ? victims : 100;
        }
        while (!attacks.IsCompleted && wrong.IsEmpty);
        await attacks;
        Assert.Empty(wrong.Take(20));

        long requests = 0;
        foreach (var daemon in Daemons)
        {
            var seen = JsonDocument.Parse(await frontEnd.Client.GetStringAsync($"/{daemon}/count")).RootElement;
            Assert.Equal("[]", seen.GetProperty("unrouted").GetRawText());
            Assert.Equal("[]", seen.GetProperty("forged").GetRawText());
            requests += seen.GetProperty("requests").GetInt64();
        }
        Assert.True(requests >= served, $"the daemons saw {requests} requests of {served} victims");
        Assert.DoesNotContain(frontEnd.LogLines(), line => line.Contains("DPXY0011", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{served:N0} victims beside {attackers:N0} attackers with {cases.Count} cases in "
            + $"{clock.Elapsed.TotalSeconds:N1} s; the daemons saw {requests:N0} requests"));
    }

    private static int Setting(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static async Task VictimsAsync(Uri site, int first, int victims, ConcurrentQueue<string> wrong)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 16 })
        {
            BaseAddress = site,
            Timeout = RunningFrontEnd.Limit,
        };
        await Parallel.ForAsync(first, first + victims, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var daemon = Daemons[i % Daemons.Length];
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{daemon}/v/victim-{i}");
            request.Headers.Add("X-Token", $"token-{i}");
            try
            {
                using var response = await client.SendAsync(request, CancellationToken.None);
                var body = await response.Content.ReadAsStringAsync(CancellationToken.None);
                if (response.StatusCode != HttpStatusCode.OK || body != $"/v/victim-{i} token-{i}")
                    wrong.Enqueue($"victim {i} of {daemon}: {(int)response.StatusCode} {body}");
            }
            catch (HttpRequestException failure)
            {
                wrong.Enqueue($"victim {i} of {daemon}: {failure.Message} {failure.InnerException?.Message}");
            }
        });
    }

    /// <summary>
    /// Sends the case, reads what comes, and leaves: at once where the connection ends, after a moment where the front end waits for more.
    /// </summary>
    private static async Task AttackAsync(Uri site, CorpusRequest attack, string daemon, ConcurrentQueue<string> wrong)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(site.Host, site.Port);
        await socket.SendAsync(attack.Bytes("/" + daemon));
        var answer = new StringBuilder();
        var buffer = new byte[16_384];
        try
        {
            while (true)
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(answer.Length == 0 ? 500 : 100));
                if (await socket.ReceiveAsync(buffer, limit.Token) is not (> 0 and var count)) break;
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException)
        {
            // Enough was read.
        }
        if (answer.ToString().Contains("victim-", StringComparison.Ordinal))
            wrong.Enqueue($"{attack.Name} to {daemon} got a victim's answer: {answer}");
    }
}
