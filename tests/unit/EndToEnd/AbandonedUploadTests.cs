using System.Net.Sockets;
using System.Text;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A client that leaves in the middle of its request's body has asked for one thing; what it has put into the body is never read as
/// requests.
/// </summary>
public sealed class AbandonedUploadTests
{
    private const string Application = """
        import os, threading
        HERE = os.path.dirname(os.path.abspath(__file__))
        def application(environ, start_response):
            if environ['PATH_INFO'].endswith('/smuggled'):
                open(os.path.join(HERE, 'smuggled-%s' % environ['SCRIPT_NAME'].strip('/')), 'w').close()
            environ['wsgi.input'].read()
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'fine']
        """;

    [Fact]
    public async Task Body_that_breaks_off_is_not_read_as_requests()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: uploads
            access-log: access.log
            daemons:
              - { name: plain, application: app.wsgi }
              - { name: spooled, application: app.wsgi, request-spool: 1MiB }
            routes: [ { path: /d, daemon: plain }, { path: /s, daemon: spooled }, { path: /e, application: app.wsgi } ]
            """, folder);
        foreach (var mode in new[] { "d", "s", "e" })
        {
            foreach (var (size, count) in new[] { (1_000, 1), (1_000_000, 200), (1_000_000, 4_000) })
            {
                foreach (var closes in new[] { false, true })
                {
                    for (var i = 0; i < 10; i++) await AbandonAsync(frontEnd.Uri, mode, size, count, closes);
                }
            }
            // What was abandoned is over when the next has been served.
            Assert.Equal("fine", await frontEnd.Client.GetStringAsync($"/{mode}/x"));
        }
        Assert.Empty(Directory.EnumerateFiles(folder, "smuggled-*").Select(Path.GetFileName));
        Assert.DoesNotContain(
            File.ReadLines(Path.Combine(folder, "access.log")), line => line.Contains("smuggled", StringComparison.Ordinal));
        Assert.DoesNotContain("DPXY0011", frontEnd.Events());
    }

    private static async Task AbandonAsync(Uri uri, string mode, int length, int count, bool closes)
    {
        var request = new StringBuilder($"POST /{mode}/x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        for (var i = 0; i < count; i++) request.Append($"POST /{mode}/smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(uri.Host, uri.Port);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(request.ToString()));
            if (closes) return;
            socket.Shutdown(SocketShutdown.Send);
            await RunningFrontEnd.ReadToEndAsync(socket);
        }
        catch (SocketException)
        {
            // The front end has ended the connection first.
        }
    }
}
