using System.Diagnostics;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Workers of a WSGI application that are stuck, or have an old script: what they turn into (behaviour.md, section 5).</summary>
public sealed class WorkerTimeoutTests : IDisposable
{
    private const string Application = """
        import ctypes, os, time
        def application(environ, start_response):
            name = environ['PATH_INFO']
            if name == '/loop':
                while True:
                    time.sleep(0.005)
            if name == '/late':
                def blocks():
                    yield b'x' * 1000
                    while True:
                        time.sleep(0.005)
                start_response('200 OK', [])
                return blocks()
            if name == '/sleep':
                time.sleep(60)
            if name == '/lock':
                ctypes.PyDLL(None).sleep(60)
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'%d' % os.getpid()]
        """;

    private readonly string _folder = RunningFrontEnd.NewFolder();

    private async Task<RunningFrontEnd> StartAsync(string options, string application = Application)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        await File.WriteAllTextAsync(Script, application);
        return await RunningFrontEnd.StartAsync($$"""
            name: stuck
            daemons: [ { name: app, application: app.wsgi, shutdown-timeout: 1, {{options}} } ]
            routes: [ { path: /, daemon: app } ]
            """, _folder);
    }

    private string Script => Path.Combine(_folder, "app.wsgi");

    [Fact]
    public async Task Request_that_can_be_interrupted_is_a_504_and_the_process_lives_on()
    {
        await using var frontEnd = await StartAsync("threads: 1, request-timeout: 1, interrupt-timeout: 10");
        var process = await frontEnd.Client.GetStringAsync("/");
        using (var answer = await frontEnd.Client.GetAsync("/loop"))
        {
            Assert.Equal(504, (int)answer.StatusCode);
            Assert.Equal("504 Gateway Timeout (DPXY0017)\n", await answer.Content.ReadAsStringAsync());
        }
        await frontEnd.EventAsync("DPXY0017");
        Assert.Contains(
            frontEnd.LogLines(), line => line.Contains("app.wsgi", StringComparison.Ordinal)
            && line.Contains("time.sleep(0.005)", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => frontEnd.Client.GetByteArrayAsync("/late"));
        Assert.Equal(process, await frontEnd.Client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("threads: 2, request-timeout: 1, interrupt-timeout: 0.2", "/sleep", "DPXY0018", "RequestTimeout")]
    [InlineData("threads: 2, request-timeout: 1", "/loop", "DPXY0018", "RequestTimeout")]
    [InlineData("threads: 2, deadlock-timeout: 0.3", "/lock", "DPXY0019", "DeadlockTimeout")]
    public async Task Process_whose_request_cannot_be_interrupted_is_replaced(string options, string path, string code, string reason)
    {
        await using var frontEnd = await StartAsync(options);
        var process = await frontEnd.Client.GetStringAsync("/");
        var stuck = frontEnd.Client.PostAsync(path, new StringContent("x"));
        await frontEnd.EventAsync(code);
        using (var answer = await stuck) Assert.Equal(502, (int)answer.StatusCode);
        Assert.NotEqual(process, await frontEnd.Client.GetStringAsync("/"));
        var daemon = (await frontEnd.Control.GetStatusAsync()).Daemons.Single();
        Assert.Equal(1, daemon.Traffic.RestartsByReason![reason]);
    }

    [Fact]
    public async Task Fire_point_grows_with_the_threads()
    {
        await using var frontEnd = await StartAsync("threads: 8, request-timeout: 0.5, interrupt-timeout: 10");
        await frontEnd.Client.GetStringAsync("/");
        var start = Stopwatch.GetTimestamp();
        using var answer = await frontEnd.Client.GetAsync("/loop");
        Assert.Equal(504, (int)answer.StatusCode);
        // 0.5 s x (1 + ln 8) = 1.54 s
        Assert.True(Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(1.5), $"it came after {Stopwatch.GetElapsedTime(start)}");
    }

    [Fact]
    public async Task Next_request_after_a_change_of_the_script_meets_the_new_one()
    {
        await using var frontEnd = await StartAsync("processes: 2, threads: 2", Answer("one"));
        for (var i = 0; i < 4; i++) Assert.Equal("one", await frontEnd.Client.GetStringAsync("/"));
        await File.WriteAllTextAsync(Script, Answer("two!"));
        for (var i = 0; i < 4; i++) Assert.Equal("two!", await frontEnd.Client.GetStringAsync("/"));

        await File.WriteAllTextAsync(Script, "a mistake in the script");
        using (var broken = await frontEnd.Client.GetAsync("/")) Assert.Equal(500, (int)broken.StatusCode);
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.LogLines().Any(line => line.Contains("SyntaxError", StringComparison.Ordinal)), "the SyntaxError in the log");

        await File.WriteAllTextAsync(Script, Answer("three"));
        for (var i = 0; i < 4; i++) Assert.Equal("three", await frontEnd.Client.GetStringAsync("/"));
        // Each change has replaced the worker that answered. The other one may have been on its way when the next change came, and have
        // been replaced once for both.
        Assert.InRange((await frontEnd.Control.GetStatusAsync()).Daemons.Single().Traffic.RestartsByReason!["ScriptChange"], 3, 6);
    }

    [Fact]
    public async Task Script_reloading_off_keeps_the_workers()
    {
        await using var frontEnd = await StartAsync("script-reloading: off", Answer("one"));
        Assert.Equal("one", await frontEnd.Client.GetStringAsync("/"));
        await File.WriteAllTextAsync(Script, Answer("two!"));
        Assert.Equal("one", await frontEnd.Client.GetStringAsync("/"));
    }

    private static string Answer(string text) => $"""
        def application(environ, start_response):
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'{text}']
        """;

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
