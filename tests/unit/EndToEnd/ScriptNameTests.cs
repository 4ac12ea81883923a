using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>An application whose paths have several routes is mounted at one place, in both modes.</summary>
public sealed class ScriptNameTests
{
    [Fact]
    public async Task Application_sees_one_SCRIPT_NAME_on_all_its_routes()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), """
            def application(environ, start_response):
                start_response('200 OK', [('Content-Type', 'text/plain')])
                return [('%s|%s' % (environ['SCRIPT_NAME'], environ['PATH_INFO'])).encode()]
            """);
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: mounts
            daemons: [ { name: app, application: app.wsgi } ]
            routes:
              - { path: /, daemon: app }
              - { path: /big, daemon: app, script-name: /, rate-limit: 100MiB/s }
              - { path: /m, application: app.wsgi }
              - { path: /m/big, application: app.wsgi, script-name: /m }
              - { path: /m/own, application: app.wsgi }
            """, folder);
        Assert.Equal("|/x", await frontEnd.Client.GetStringAsync("/x"));
        Assert.Equal("|/big/x", await frontEnd.Client.GetStringAsync("/big/x"));
        Assert.Equal("/m|/big/x", await frontEnd.Client.GetStringAsync("/m/big/x"));
        Assert.Equal("/m/own|/x", await frontEnd.Client.GetStringAsync("/m/own/x"));
    }
}
