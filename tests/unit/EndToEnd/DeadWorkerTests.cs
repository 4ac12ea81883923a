using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What becomes of a group, and of its requests, when a worker dies in the middle of one.</summary>
public sealed class DeadWorkerTests
{
    private const string Application = """
        import os, subprocess, time
        def application(environ, start_response):
            name = environ['PATH_INFO']
            if name == '/hold':
                # The child has the worker's standard output and error, and writes to them when it is gone.
                subprocess.Popen(['sh', 'child.sh'])
                os._exit(7)
            if name == '/die':
                with open('deaths', 'a') as deaths:
                    deaths.write('x')
                os._exit(7)
            if name == '/slow':
                with open('slow', 'a') as slow:
                    slow.write('x')
                time.sleep(1)
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'%d' % os.getpid()]
        """;

    // A server that is none of ours, started by a command, whose child keeps its output: behind a session of its own not even its process
    // group tells of it.
    private const string Server = """
        import os, socket, subprocess, sys
        s = socket.socket(socket.AF_UNIX)
        s.bind(sys.argv[1])
        s.listen()
        while True:
            c, _ = s.accept()
            request = c.recv(4096)
            if b'/hold' in request:
                subprocess.Popen(['sh', 'child.sh'], start_new_session=True)
                os._exit(7)
            if request:
                c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
            c.close()
        """;

    // It ends when it is let go, or after 30 s.
    private const string Child = """
        n=0
        while [ ! -e go ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done
        echo still here
        """;

    private static async Task<RunningFrontEnd> StartAsync(string options, string source)
    {
        if (source.Contains("app.wsgi", StringComparison.Ordinal))
        {
            try { PythonFinder.Find(null); }
            catch (PythonException none) { Assert.Skip(none.Message); }
        }
        else Programs.Need("python3");
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        await File.WriteAllTextAsync(Path.Combine(folder, "server.py"), Server);
        await File.WriteAllTextAsync(Path.Combine(folder, "child.sh"), Child);
        return await RunningFrontEnd.StartAsync($$"""
            name: site
            daemons: [ { name: app, {{source}}, {{options}} } ]
            """, folder);
    }

    [Theory]
    [InlineData("application: app.wsgi")]
    [InlineData("command: [ python3, server.py, '{socket}' ]")]
    public async Task Dead_worker_is_replaced_while_a_child_of_its_holds_its_output(string source)
    {
        await using var frontEnd = await StartAsync("processes: 1", source);
        using (var died = await frontEnd.Client.GetAsync("/hold")) Assert.Equal(502, (int)died.StatusCode);
        using (var next = await frontEnd.Client.GetAsync("/")) Assert.Equal(200, (int)next.StatusCode);
        Assert.Contains(
            frontEnd.LogLines(), line => line.Contains("DPXY0004", StringComparison.Ordinal)
            && line.Contains("exit code 7", StringComparison.Ordinal));
        Assert.DoesNotContain(frontEnd.LogLines(), line => line.Contains("still here", StringComparison.Ordinal));

        await File.WriteAllTextAsync(Path.Combine(frontEnd.Folder, "go"), "");
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.LogLines().Any(line => line.Contains("still here", StringComparison.Ordinal)), "what the child writes");
    }

    [Fact]
    public async Task Request_that_kills_its_worker_kills_no_other()
    {
        await using var frontEnd = await StartAsync("processes: 3", "application: app.wsgi");
        for (var i = 1; i <= 3; i++)
        {
            using var died = await frontEnd.Client.GetAsync("/die");
            Assert.Equal(502, (int)died.StatusCode);
            Assert.Contains("WSGI0146", await died.Content.ReadAsStringAsync());
            Assert.Equal(i, new FileInfo(Path.Combine(frontEnd.Folder, "deaths")).Length);
        }
        Assert.Contains(
            frontEnd.LogLines(), line => line.Contains("died while it served this request and no other", StringComparison.Ordinal));
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Requests_that_were_with_one_that_kills_the_worker_are_sent_to_another()
    {
        await using var frontEnd = await StartAsync("processes: 1, threads: 5", "application: app.wsgi");
        var slow = Enumerable.Range(0, 3).Select(_ => frontEnd.Client.GetAsync("/slow")).ToArray();
        await RunningFrontEnd.UntilAsync(
            () => new FileInfo(Path.Combine(frontEnd.Folder, "slow")) is { Exists: true, Length: 3 }, "three requests to be served");
        using var died = await frontEnd.Client.GetAsync("/die");
        Assert.Equal(502, (int)died.StatusCode);
        // In company it is sent once more, as the others are: nobody can know which of them it was.
        Assert.Equal(2, new FileInfo(Path.Combine(frontEnd.Folder, "deaths")).Length);
        var statuses = (await Task.WhenAll(slow)).Select(answer => (int)answer.StatusCode).ToArray();
        Assert.All(statuses, status => Assert.True(status is 200 or 502, $"{status}"));
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/")).StatusCode);
    }
}
