using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// The restriction of embedded mode (behaviour.md, section 3) and the end of the interpreter, each on a front end of its own.
/// </summary>
[Trait("Host", "native")]
public sealed class EmbeddedModeTests
{
    private const string Application = """
        import atexit, os
        HERE = os.path.dirname(os.path.abspath(__file__))
        @atexit.register
        def goodbye():
            open(os.path.join(HERE, 'goodbye-%d' % os.getpid()), 'w').close()
        def application(environ, start_response):
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'served by %d' % os.getpid()]
        """;

    private static async Task<RunningFrontEnd> StartAsync(string settings, string? folder = null)
    {
        folder ??= RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        return await RunningFrontEnd.StartAsync($$"""
            name: embedded
            {{settings}}
            daemons: [ { name: sample, sample: true } ]
            routes: [ { path: /, daemon: sample }, { path: /inproc, application: app.wsgi } ]
            """, folder);
    }

    private static void NeedPython()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
    }

    private static bool HasPythonMapped(RunningFrontEnd frontEnd) =>
        File.ReadAllText($"/proc/{frontEnd.ProcessId}/maps").Contains("libpython", StringComparison.Ordinal);

    private static async Task<int> StatusAsync(RunningFrontEnd frontEnd)
    {
        using var answer = await frontEnd.Client.GetAsync("/inproc");
        return (int)answer.StatusCode;
    }

    [Theory]
    [InlineData("")]
    [InlineData("restrict-embedded: off")]
    public async Task Allowed_has_python_at_the_start_and_is_served(string setting)
    {
        NeedPython();
        await using var frontEnd = await StartAsync(setting);
        Assert.NotNull((await frontEnd.Control.GetStatusAsync()).Python);
        Assert.Equal($"served by {frontEnd.ProcessId}", await frontEnd.Client.GetStringAsync("/inproc"));
    }

    [Fact]
    public async Task Restricted_from_the_start_has_no_python_in_the_process_until_the_restriction_is_lifted()
    {
        NeedPython();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what is mapped is read from /proc");
        await using var frontEnd = await StartAsync("restrict-embedded: on");
        Assert.Equal(500, await StatusAsync(frontEnd));
        await frontEnd.EventAsync("WSGI0143");
        Assert.False(HasPythonMapped(frontEnd));

        await frontEnd.Control.SetRestrictionAsync(false);
        Assert.Equal(200, await StatusAsync(frontEnd));
        Assert.True(HasPythonMapped(frontEnd));

        await frontEnd.Control.SetRestrictionAsync(true);
        Assert.Equal(500, await StatusAsync(frontEnd));
    }

    [Fact]
    public async Task Without_embedded_routes_python_is_not_loaded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what is mapped is read from /proc");
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: plain
            daemons: [ { name: sample, sample: true } ]
            routes: [ { path: /, daemon: sample } ]
            """);
        await frontEnd.Control.SetRestrictionAsync(false);
        Assert.False(HasPythonMapped(frontEnd));
    }

    [Fact]
    public async Task Allowed_without_an_interpreter_is_a_logged_500_each_time_and_other_routes_are_untouched()
    {
        await using var frontEnd = await StartAsync("python-home: nowhere");
        await frontEnd.EventAsync("WSGI0001");
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(500, await StatusAsync(frontEnd));
            var count = i;
            await RunningFrontEnd.UntilAsync(
                () => frontEnd.Events().Count(code => code == "WSGI0210") == count, $"{count} events WSGI0210");
            Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/")).StatusCode);
        }
    }

    [Theory]
    [InlineData("no library at all")]
    [InlineData("")]
    public async Task Library_that_is_no_python_is_a_failure_not_a_crash(string content)
    {
        var folder = RunningFrontEnd.NewFolder();
        var home = Directory.CreateDirectory(Path.Combine(folder, "python", "lib"));
        Directory.CreateDirectory(Path.Combine(folder, "python", "bin"));
        await File.WriteAllTextAsync(Path.Combine(home.FullName, "libpython3.12.so"), content);
        await File.WriteAllTextAsync(Path.Combine(folder, "python", "bin", "python3"), content);
        await using var frontEnd = await StartAsync("python-home: python", folder);
        Assert.Equal(500, await StatusAsync(frontEnd));
        await frontEnd.EventAsync("WSGI0001");
        await frontEnd.EventAsync("WSGI0210");
    }

    [Fact]
    public async Task Exit_handlers_run_when_the_front_end_stops_and_when_a_worker_stops()
    {
        NeedPython();
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: ending
            daemons: [ { name: app, application: app.wsgi, processes: 2 } ]
            routes: [ { path: /, daemon: app }, { path: /inproc, application: app.wsgi } ]
            """, folder);
        Assert.Equal(200, await StatusAsync(frontEnd));
        var processes = (await frontEnd.Control.GetStatusAsync()).Daemons.SelectMany(daemon => daemon.Workers)
            .Select(worker => worker.ProcessId!.Value).Append(frontEnd.ProcessId);
        await frontEnd.Control.StopAsync(TimeSpan.FromSeconds(2));
        await frontEnd.EndedAsync();
        Assert.All(processes,
            process => Assert.True(File.Exists(Path.Combine(folder, $"goodbye-{process}")), $"process {process} said no goodbye"));
    }

    [Fact]
    public async Task Application_that_cannot_be_loaded_is_told_at_the_start()
    {
        NeedPython();
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.wsgi"), "import no_such_module");
        var error = await RunningFrontEnd.FailAsync("""
            name: broken
            daemons: [ { name: app, application: broken.wsgi } ]
            routes: [ { path: /, daemon: app } ]
            """, folder);
        Assert.Contains("daemon group 'app'", error);
        Assert.Contains("ModuleNotFoundError: No module named 'no_such_module'", error);
        Assert.DoesNotContain("   at ", error);
        Directory.Delete(folder, recursive: true);
    }
}
