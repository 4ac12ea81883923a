using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A steady load while workers are killed at random: every request ends in its own complete answer, or in what behaviour.md, section 6, has
/// for a daemon that died.
/// </summary>
[Trait("Host", "native")]
public sealed class KilledWorkersTests(ITestOutputHelper output)
{
    private const int Clients = 8;

    // The test suite has one part in five of the load that was measured once with all of it (DAEMONPROXY_KILL_REQUESTS=10000).
    private static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("DAEMONPROXY_KILL_REQUESTS"), out var wanted)
        ? wanted : 2000;
    private static readonly TimeSpan BetweenKills = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task Each_request_ends_in_its_own_answer_or_in_a_status_of_a_daemon_that_died()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: site
            daemons: [ { name: app, sample: true, processes: 4 } ]
            """);
        var outcomes = new ConcurrentDictionary<string, int>();
        var next = 0;
        using var done = new CancellationTokenSource();
        var killer = KillAsync(frontEnd, done.Token);
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= Requests)
            {
                var outcome = (IsPost(number) ? "POST " : "GET ") + await SendAsync(frontEnd.Client, number);
                outcomes.AddOrUpdate(outcome, 1, (_, count) => count + 1);
                // Steady, so that the load meets many kills.
                await Task.Delay(10);
            }
        })).ToArray();
        await Task.WhenAll(clients);
        await done.CancelAsync();
        var killed = await killer;

        output.WriteLine(
            $"{killed} workers killed; "
            + $"{string.Join(", ", outcomes.OrderByDescending(outcome => outcome.Value).Select(outcome => $"{outcome.Key}: {outcome.Value}"))}");
        Assert.True(killed > Requests / 1000, $"{killed} workers were killed");
        Assert.Equal(Requests, outcomes.Values.Sum());
        Assert.All(outcomes.Keys,
            outcome => Assert.Contains(outcome.Split(' ', 2)[1], new[] { "complete", "broken off", "500", "502", "503", "504" }));
        // A GET that had no byte yet was sent to another worker, which would have to be killed in this moment too, as a busy machine can
        // have it; a POST may not
        // be sent again.
        Assert.True(outcomes["GET complete"] >= Requests * 3 / 4 * 0.98, "GETs were not repeated");
        Assert.True(outcomes["POST complete"] >= Requests / 4 * 0.8, "most are not harmed at all");
        Assert.Equal("200 OK\n", await frontEnd.Client.GetStringAsync("status/200"));
    }

    private static bool IsPost(int number) => number % 4 == 0;

    /// <summary>What becomes of one request. The application sends back its number: nobody may get another's.</summary>
    private static async Task<string> SendAsync(HttpClient client, int number)
    {
        var post = IsPost(number);
        using var request = new HttpRequestMessage(post ? HttpMethod.Post : HttpMethod.Get, "echo");
        request.Headers.Add("X-Number", $"{number}");
        if (post) request.Content = new StringContent($"body {number}");
        try
        {
            using var response = await client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            if ((int)response.StatusCode != 200) return $"{(int)response.StatusCode}";
            using var json = JsonDocument.Parse(text);
            var echoed = json.RootElement.GetProperty("headers").GetProperty("X-Number")[0].GetString();
            var right = echoed == $"{number}" && (!post || json.RootElement.GetProperty("text").GetString() == $"body {number}");
            return right ? "complete" : $"got the answer of {echoed}";
        }
        catch (HttpRequestException)
        {
            return "broken off";
        }
        catch (TaskCanceledException)
        {
            return "hung";
        }
    }

    private static async Task<int> KillAsync(RunningFrontEnd frontEnd, CancellationToken done)
    {
        var random = new Random(1);
        var killed = 0;
        while (!done.IsCancellationRequested)
        {
            // On a machine too busy to start them as fast as they are killed, there would soon be none left to kill.
            var workers = (await frontEnd.Control.GetStatusAsync(CancellationToken.None)).Daemons[0].Workers.Where(
                worker => worker.State == nameof(DaemonState.Ready)).Select(worker => worker.ProcessId!.Value).ToArray();
            if (workers.Length > 2)
            {
                try
                {
                    using var victim = Process.GetProcessById(workers[random.Next(workers.Length)]);
                    victim.Kill();
                    killed++;
                }
                catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
                {
                    // It had ended already.
                }
            }
            await Task.Delay(BetweenKills, CancellationToken.None);
        }
        return killed;
    }
}
