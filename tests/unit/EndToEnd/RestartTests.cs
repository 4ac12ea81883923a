using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end that is restarted while it serves.</summary>
[Trait("Host", "native")]
public sealed class RestartTests : IDisposable
{
    private const string Site = """
        name: site
        daemons: [ { name: app, sample: true, processes: 2, threads: 4 } ]
        routes: [ { path: /, daemon: app } ]
        """;

    private readonly string _folder = RunningFrontEnd.NewFolder();

    private Task WriteAsync(string yaml) => File.WriteAllTextAsync(Path.Combine(_folder, "site.yaml"), yaml);

    private static async Task<int[]> ProcessesAsync(RunningFrontEnd frontEnd) =>
        [.. (await frontEnd.Control.GetStatusAsync()).Daemons.SelectMany(daemon => daemon.Workers)
            .Select(worker => worker.ProcessId!.Value)];

    [Theory]
    [InlineData(null)]
    [InlineData("app")]
    public async Task Steady_load_through_restarts_loses_no_request(string? daemon)
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, _folder);
        var before = await ProcessesAsync(frontEnd);
        using var enough = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(number => Task.Run(() => LoadAsync(frontEnd, number, enough.Token))).ToArray();
        for (var i = 0; i < 3; i++)
        {
            await frontEnd.Control.RestartAsync(daemon);
            await Task.Delay(100);
        }
        await enough.CancelAsync();
        await Task.WhenAll(load);
        Assert.Empty(before.Intersect(await ProcessesAsync(frontEnd)));
        await RunningFrontEnd.UntilAsync(() => before.All(process => !RunningFrontEnd.IsAlive(process)), "the end of the old daemons");
    }

    /// <summary>Requests, one behind the other; the first that is not answered whole ends the test.</summary>
    private static async Task LoadAsync(RunningFrontEnd frontEnd, int number, CancellationToken enough)
    {
        using var client = new HttpClient { BaseAddress = frontEnd.Uri, Timeout = RunningFrontEnd.Limit };
        var count = 0;
        // On a machine so busy that the restarts are over first, some come behind them.
        while (!enough.IsCancellationRequested || count < 5)
        {
            if (count++ % 2 == 0)
                Assert.Equal(30_000,
                    (await client.GetByteArrayAsync("/stream?n=30000&chunk=1000&stall-ms=1", CancellationToken.None)).Length);
            else
            {
                using var answer = await client.PostAsync("/echo", new StringContent($"{number}.{count}"), CancellationToken.None);
                Assert.Contains(
                    $"{number}.{count}", await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(CancellationToken.None));
            }
        }
    }

    [Fact]
    public async Task New_configuration_takes_effect()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, _folder);
        Assert.Equal(404, (int)(await frontEnd.Client.GetAsync("/new/status/200")).StatusCode);
        await WriteAsync("""
            name: site
            restrict-embedded: on
            daemons: [ { name: app, sample: true, response-flush-delay: 7ms }, { name: other, sample: true } ]
            routes: [ { path: /, daemon: app, rate-limit: 4MiB/s }, { path: /new, daemon: other, strip-prefix: true } ]
            """);
        var status = await frontEnd.Control.RestartAsync(null);
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/new/status/200")).StatusCode);
        Assert.Equal(TimeSpan.FromMilliseconds(7), status.Daemons[0].FlushPolicy.FlushDelay);
        Assert.Equal(4 << 20, status.Routes.Single(route => route.Route == "/").RateLimits[0].Rate);
        Assert.True(status.RestrictEmbedded);
        await frontEnd.EventAsync("DPXY0021");
    }

    [Theory]
    [InlineData("name: site\ndaemons: [ { name: app, sample: perhaps } ]", "site.yaml:2:33: sample: 'perhaps'")]
    [InlineData("name: site\nlisten: [ \"http://127.0.0.1:1\" ]\ndaemons: [ { name: app, sample: true } ]\nroutes: [ { path: /, daemon: "
        + "app } ]", "listen cannot be changed by a restart of 'site'; set it back, or apply it without an interruption with Update-DaemonProxy (daemonproxy update)")]
    [InlineData("name: site\ndaemons: [ { name: app, command: [ \"false\" ] } ]\nroutes: [ { path: /, daemon: app } ]",
        "daemon group 'app': 'false' ended with exit code 1 before it served")]
    public async Task Configuration_that_is_no_good_changes_nothing_and_says_why(string yaml, string reason)
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, _folder);
        var before = await ProcessesAsync(frontEnd);
        await WriteAsync(yaml);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));
        Assert.Contains("nothing was changed", refusal.Message);
        Assert.Contains(reason, refusal.Message);
        Assert.Equal(before, await ProcessesAsync(frontEnd));
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/status/200")).StatusCode);
    }

    [Fact]
    public async Task Group_that_is_not_there_is_named_with_those_that_are()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, _folder);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync("nobody"));
        Assert.Contains("there is no daemon group 'nobody'; there are: app", refusal.Message);
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
