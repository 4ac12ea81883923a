using System.Text.Json;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>The module mod_wsgi, as applications and monitoring agents use it, in both modes.</summary>
public sealed class WsgiModuleTests
{
    private static async Task<RunningFrontEnd> StartAsync(string folder)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/events.wsgi"), Path.Combine(folder, "app.wsgi"));
        // As pip installs it.
        Directory.CreateDirectory(Path.Combine(folder, "mod_wsgi"));
        await File.WriteAllTextAsync(Path.Combine(folder, "mod_wsgi", "__init__.py"), "raise ImportError('this is for Apache')");
        await File.WriteAllTextAsync(Path.Combine(folder, "mod_wsgi", "server.py"), "installed = True");
        return await RunningFrontEnd.StartAsync("""
            name: module
            daemons: [ { name: app, application: app.wsgi, threads: 2, request-timeout: 0.3, interrupt-timeout: 10 } ]
            routes: [ { path: /d, daemon: app }, { path: /e, application: app.wsgi } ]
            """, folder);
    }

    private static async Task<JsonElement> AskAsync(RunningFrontEnd frontEnd, string path) =>
        JsonDocument.Parse(await frontEnd.Client.GetStringAsync(path)).RootElement;

    [Fact]
    public async Task Module_tells_where_it_runs_and_what_happens_and_how_much()
    {
        var folder = RunningFrontEnd.NewFolder();
        await using var frontEnd = await StartAsync(folder);
        foreach (var (mode, group, threads) in new[] { ("d", "app", 2), ("e", "", 15) })
        {
            var described = $"{{'version': [6, 0, 2], 'process_group': '{group}', 'application_group': '', 'maximum_processes': 1, "
                + $"'threads_per_process': {threads}, 'absent': ['server_metrics', 'subscribe_signals', 'no_such_name'], "
                + "'timeout': 'mod_wsgi.RequestTimeout', 'is_exception': false, 'installed': true}";
            Assert.Equal(described.Replace('\'', '"'), await frontEnd.Client.GetStringAsync($"/{mode}/describe"));
            Assert.Equal("[true, true, 1]", await frontEnd.Client.GetStringAsync($"/{mode}/data"));
            Assert.Equal("[\"no active request for thread\"]", await frontEnd.Client.GetStringAsync($"/{mode}/outside"));
            Assert.Equal("\"fine\"", await frontEnd.Client.GetStringAsync($"/{mode}/subscriber"));
            Assert.Equal("hello",
                await (await frontEnd.Client.PostAsync($"/{mode}/upload", new StringContent("hello"))).Content.ReadAsStringAsync());
            Assert.Equal(500, (int)(await frontEnd.Client.GetAsync($"/{mode}/raise")).StatusCode);
            Assert.Equal(504, (int)(await frontEnd.Client.GetAsync($"/{mode}/interrupted")).StatusCode);

            var told = await AskAsync(frontEnd, $"/{mode}/events");
            Assert.Equal(["ValueError('raised in the call')"],
                told.GetProperty("failures").EnumerateArray().Select(failure => failure.GetString()));
            string[] served = ["request_started", "response_started", "request_finished"];
            Assert.Equal(
                [.. served, .. served, .. served, .. served, .. served, "request_started", "request_exception", "request_finished",
                    "request_started", "request_finished", "request_started", "response_started"],
                told.GetProperty("events").EnumerateArray().Select(name => name.GetString()!));
            var upload = told.GetProperty("finished")[4];
            Assert.Equal((5, 5, 200, 1), (Number("input_length"), Number("output_length"), Number("status"), Number("output_writes")));
            Assert.True(Number("application_start") >= Number("request_start") && Number("application_time") >= 0, upload.ToString());
            Assert.Equal(mode == "d", Number("daemon_start") > 0);
            double Number(string name) => upload.GetProperty(name).GetDouble();

            var window = await AskAsync(frontEnd, $"/{mode}/requests");
            Assert.Equal((8, 6, 2, 5),
                (window.GetProperty("request_count").GetInt32(), window.GetProperty("status_2xx").GetInt32(),
                window.GetProperty("status_5xx").GetInt32(), window.GetProperty("input_bytes").GetInt32()));
            Assert.InRange(window.GetProperty("capacity_utilization").GetDouble(), 1e-9, 1);
            foreach (var phase in new[] { "application_time", "request_time", "input_read_time", "output_write_time", "server_time" })
            {
                Assert.Equal(8, window.GetProperty(phase + "_buckets").EnumerateArray().Sum(count => count.GetInt32()));
                Assert.True(window.GetProperty(phase + "_min_us").GetInt64() <= window.GetProperty(phase + "_max_us").GetInt64(),
                    window.ToString());
            }
            Assert.Equal(1, (await AskAsync(frontEnd, $"/{mode}/requests")).GetProperty("request_count").GetInt32());
            var process = await AskAsync(frontEnd, $"/{mode}/process");
            Assert.Equal((10, 1), (process.GetProperty("request_count").GetInt32(), process.GetProperty("active_requests").GetInt32()));
            Assert.Equal(10, process.GetProperty("threads").EnumerateArray().Sum(thread => thread.GetProperty("request_count").GetInt32()));
            await RunningFrontEnd.UntilAsync(
                () => frontEnd.LogLines()
                .Any(line => line.Contains("raised in a subscriber", StringComparison.Ordinal)
                && line.Contains($"/{mode}/", StringComparison.Ordinal)), "the subscriber's mistake in the log");
        }
    }

    [Fact]
    public async Task Interrupted_request_raises_the_modules_exception_and_the_end_is_told_once()
    {
        var folder = RunningFrontEnd.NewFolder();
        await using var frontEnd = await StartAsync(folder);
        Assert.Equal(504, (int)(await frontEnd.Client.GetAsync("/d/loop")).StatusCode);
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.LogLines()
            .Any(line => line.Contains("mod_wsgi.RequestTimeout", StringComparison.Ordinal)), "the name of the exception in the log");
        await frontEnd.Client.GetStringAsync("/e/describe");
        var worker = (await frontEnd.Control.GetStatusAsync()).Daemons.Single().Workers.Single().ProcessId;
        await frontEnd.Control.StopAsync(TimeSpan.FromSeconds(2));
        await frontEnd.EndedAsync();
        Assert.Equal(
            new[] { $"process_stopping--{frontEnd.ProcessId}", $"process_stopping-shutdown_signal-{worker}" }.Order(),
            Directory.EnumerateFiles(folder, "process_stopping*").Select(file => Path.GetFileName(file)).Order());
    }
}
