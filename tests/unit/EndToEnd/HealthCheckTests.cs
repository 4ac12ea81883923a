using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Groups with a health check, in front of real servers.</summary>
public sealed class HealthCheckTests : IDisposable
{
    // Healthy while there is no file "ill" beside it, and as soon as there is a file "warm" if it has to wait for one.
    private const string Application = """
        import os
        here = os.path.dirname(os.path.abspath(__file__))
        asked = []
        def application(environ, start_response):
            if environ['PATH_INFO'] == '/health':
                asked.append(environ['HTTP_HOST'])
                ill = os.path.exists(os.path.join(here, 'ill'))
                start_response('503 Service Unavailable' if ill else '200 OK', [('Content-Type', 'text/plain')])
                return [b'x' * 100000]
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [('%d %s' % (os.getpid(), asked[0] if asked else 'not asked')).encode()]
        """;

    private const string Check = "health-check: { path: /health, host: www.example.org, interval: 50ms, timeout: 2s, unhealthy-after: 2 }";

    private readonly string _folder = RunningFrontEnd.NewFolder();

    private string Ill => Path.Combine(_folder, "ill");

    private async Task<RunningFrontEnd> StartAsync(string daemon)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "app.py"), Application);
        return await RunningFrontEnd.StartAsync($"name: site\naccess-log: access.log\ndaemons: [ {{ name: app, {daemon}, {Check} }} ]", _folder);
    }

    private static async Task<DaemonStatus> DaemonAsync(RunningFrontEnd frontEnd) => (await frontEnd.Control.GetStatusAsync()).Daemons[0];

    private static void NeedPython()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
    }

    [Theory]
    [InlineData("application: app.py")]
    [InlineData("command: [ gunicorn, --bind, \"unix:{socket}\", \"app:application\" ]")]
    public async Task Worker_is_asked_before_it_serves_and_replaced_when_it_is_unhealthy(string daemon)
    {
        if (daemon.StartsWith("command", StringComparison.Ordinal)) Programs.Need("gunicorn");
        else NeedPython();
        await using var frontEnd = await StartAsync(daemon);
        var first = await frontEnd.Client.GetStringAsync("/");
        Assert.EndsWith(" www.example.org", first);
        Assert.Equal(nameof(DaemonState.Ready), (await DaemonAsync(frontEnd)).State);

        await File.WriteAllTextAsync(Ill, "");
        await frontEnd.EventAsync("DPXY0070");
        Assert.Contains(frontEnd.LogLines(), line => line.Contains("DPXY0070", StringComparison.Ordinal)
            && line.Contains("GET /health answered 503, and 200-399 is expected", StringComparison.Ordinal));
        // Nothing takes its place that is not healthy itself.
        var ill = await DaemonAsync(frontEnd);
        Assert.Equal(nameof(DaemonState.Unhealthy), ill.State);
        Assert.Equal("GET /health answered 503, and 200-399 is expected", ill.Obstacle);

        File.Delete(Ill);
        // It waits for the new worker.
        var second = await frontEnd.Client.GetStringAsync("/");
        Assert.NotEqual(first, second);
        var after = await DaemonAsync(frontEnd);
        Assert.Equal((nameof(DaemonState.Ready), (string?)null), (after.State, after.Obstacle));
        Assert.Equal(1, after.Traffic.RestartsByReason!["Unhealthy"]);

        // The checks are requests of nobody.
        Assert.Equal(2, (await frontEnd.Control.GetStatusAsync()).Requests);
        Assert.Equal(1, after.Workers[0].Requests);
        await RunningFrontEnd.UntilAsync(() => File.ReadAllLines(Path.Combine(_folder, "access.log")).Length == 2, "two lines of access log");
        Assert.DoesNotContain("/health", await File.ReadAllTextAsync(Path.Combine(_folder, "access.log")));
    }

    [Fact]
    public async Task Server_of_somebody_else_gets_requests_only_while_it_is_healthy()
    {
        NeedPython();
        await using var other = await RunningFrontEnd.StartAsync("name: other\ndaemons: [ { name: app, application: app.py, processes: 1 } ]",
            await OtherAsync());
        await using var frontEnd = await StartAsync($"connect-timeout: 300ms, address: \"{other.Uri.GetLeftPart(UriPartial.Authority)}\"");
        Assert.Equal(nameof(DaemonState.Ready), (await DaemonAsync(frontEnd)).State);
        await frontEnd.Client.GetStringAsync("/");
        var ill = Path.Combine(other.Folder, "ill");
        await File.WriteAllTextAsync(ill, "");
        await frontEnd.EventAsync("DPXY0070");
        Assert.Equal(nameof(DaemonState.Unhealthy), (await DaemonAsync(frontEnd)).State);
        using (var answer = await frontEnd.Client.GetAsync("/")) Assert.Equal(503, (int)answer.StatusCode);

        File.Delete(ill);
        await RunningFrontEnd.UntilAsync(() => frontEnd.Events().Count(code => code == "DPXY0071") == 2, "its recovery");
        await frontEnd.Client.GetStringAsync("/");
        Assert.Equal(nameof(DaemonState.Ready), (await DaemonAsync(frontEnd)).State);
    }

    private static async Task<string> OtherAsync()
    {
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.py"), Application);
        return folder;
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
