using System.Text.Json;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What people who migrate look for: variables, groups, slow requests, health checks.</summary>
public sealed class GroupOptionTests
{
    private const string Application = """
        import os, time
        def take_your_time():
            time.sleep(1.5)
        def application(environ, start_response):
            if environ['PATH_INFO'] == '/slow':
                take_your_time()
            start_response('200 OK', [('Content-Type', 'text/plain')])
            if environ['PATH_INFO'] == '/groups':
                return [','.join(str(group) for group in sorted(os.getgroups())).encode()]
            if environ['PATH_INFO'].startswith('/env/'):
                return [os.environ.get(environ['PATH_INFO'][5:], '(none)').encode()]
            return [b'%d' % os.getpid()]
        """;

    private static async Task<RunningFrontEnd> StartAsync(string options)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        return await RunningFrontEnd.StartAsync($$"""
            name: site
            daemons: [ { name: app, application: app.wsgi, {{options}} } ]
            """, folder);
    }

    [Fact]
    public async Task Processes_have_the_variables_of_the_group_beside_the_front_ends()
    {
        await using var frontEnd = await StartAsync(
            "env: { DJANGO_SETTINGS_MODULE: site.settings, EMPTY: '', 'ODD': 'a=b c', HOME: /nonexistent, COUNT: 5 }");
        Assert.Equal("site.settings", await frontEnd.Client.GetStringAsync("/env/DJANGO_SETTINGS_MODULE"));
        Assert.Equal("", await frontEnd.Client.GetStringAsync("/env/EMPTY"));
        Assert.Equal("a=b c", await frontEnd.Client.GetStringAsync("/env/ODD"));
        Assert.Equal("/nonexistent", await frontEnd.Client.GetStringAsync("/env/HOME"));
        Assert.Equal("5", await frontEnd.Client.GetStringAsync("/env/COUNT"));
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), await frontEnd.Client.GetStringAsync("/env/PATH"));
    }

    [Fact]
    public async Task Processes_have_the_supplementary_groups_and_no_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "only root can choose groups");
        await using var frontEnd = await StartAsync("supplementary-groups: [ 4242, 4243 ]");
        Assert.Equal("4242,4243", await frontEnd.Client.GetStringAsync("/groups"));
    }

    [Fact]
    public async Task Slow_request_is_logged_once_with_its_time_and_the_stack_of_its_thread()
    {
        await using var frontEnd = await StartAsync("slow-request-timeout: 200ms");
        await frontEnd.Client.GetStringAsync("/");
        await frontEnd.Client.GetStringAsync("/slow?secret=1");
        // On a busy machine any request may be slow.
        string[] Slow() => [.. frontEnd.LogLines().Where(line => line.Contains("DPXY0035", StringComparison.Ordinal)
            && line.Contains("\"/slow\"", StringComparison.Ordinal))];
        await RunningFrontEnd.UntilAsync(() => Slow().Length > 0, "the slow request in the log");
        var slow = JsonDocument.Parse(Assert.Single(Slow())).RootElement;
        Assert.Equal(("GET", "/slow", "app"),
            (slow.GetProperty("method").GetString(), slow.GetProperty("path").GetString(), slow.GetProperty("daemon").GetString()));
        Assert.Matches(@"it has run for \d\.\d s, and is at\n", slow.GetProperty("message").GetString());
        Assert.Contains("take_your_time", slow.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Health_checks_do_not_keep_an_idle_worker_and_one_that_had_only_them_is_not_replaced()
    {
        await using var frontEnd = await StartAsync("inactivity-timeout: 1.5, health-check-paths: [ /health ]");
        var first = await frontEnd.Client.GetStringAsync("/health");
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(first, await frontEnd.Client.GetStringAsync("/health"));
            await Task.Delay(250);
        }
        Assert.Equal(first, await frontEnd.Client.GetStringAsync("/used"));
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.Client.GetStringAsync("/health").GetAwaiter()
            .GetResult() != first, "the worker to be replaced in spite of its health checks");
        await frontEnd.EventAsync("DPXY0014");
    }
}
