using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Where OpenSSL is not installed, .NET ends the process at its first use; a machine without TLS needs none.</summary>
[Trait("Host", "native")]
public sealed class OpenSslTests
{
    [Fact]
    public async Task Front_end_and_worker_without_tls_do_not_load_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "OpenSSL is for Linux, and /proc is looked at");
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), """
            def application(environ, start_response):
                start_response('200 OK', [('Content-Type', 'text/plain')])
                return [b'served']
            """);
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: plain
            metrics-listen: http://127.0.0.1:0
            opentelemetry: { endpoint: "http://127.0.0.1:1", metrics-interval: 50ms }
            daemons: [ { name: app, application: app.wsgi }, { name: sample, sample: true } ]
            routes: [ { path: /d, daemon: app }, { path: /e, application: app.wsgi }, { path: /, daemon: sample } ]
            """, folder);

        foreach (var path in new[] { "/d", "/e" })
            Assert.Equal("served", await frontEnd.Client.GetStringAsync(path));
        await frontEnd.Client.GetStringAsync("/");
        await frontEnd.Client.GetStringAsync("/trailers");
        await frontEnd.EventAsync("DPXY0081");
        var workers = (await frontEnd.Control.GetStatusAsync()).Daemons.SelectMany(daemon => daemon.Workers)
            .Select(worker => worker.ProcessId).OfType<int>();

        Assert.All([frontEnd.ProcessId, .. workers],
            process => Assert.DoesNotContain("libssl", File.ReadAllText($"/proc/{process}/maps"), StringComparison.Ordinal));
    }
}
