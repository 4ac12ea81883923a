using System.Net;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Requests as old clients, load balancers' health checks and proxies send them, at WSGI applications in both modes.</summary>
public sealed class RequestHostTests
{
    private const string Application = """
        def application(environ, start_response):
            start_response('200 OK', [('Content-Type', 'text/plain')])
            names = ('HTTP_HOST', 'SERVER_NAME', 'SERVER_PORT', 'SCRIPT_NAME', 'PATH_INFO', 'wsgi.url_scheme', 'REMOTE_ADDR', 'HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_USER')
            return [' '.join('%s' % environ.get(name, '-') for name in names).encode()]
        """;

    [Fact]
    public async Task Host_and_forwarded_headers_are_what_the_client_asked_for()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = TlsTests.Files();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Application);
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: hosts
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: { certificate: site.pem, key: site.key }
            trusted-proxies: [ 127.0.0.1 ]
            daemons: [ { name: app, application: app.wsgi } ]
            routes: [ { path: /d, daemon: app }, { path: /e, application: app.wsgi } ]
            """, folder);
        var own = frontEnd.Uri.Authority;
        var port = frontEnd.Uri.Port;
        foreach (var mode in new[] { "d", "e" })
        {
            (string Head, string Expected)[] cases =
            [
                ("HTTP/1.0\r\n", $"{own} 127.0.0.1 {port} /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.0\r\nHost: shop\r\n", $"shop shop 80 /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.1\r\nConnection: close\r\nHost:\r\n", $"{own} 127.0.0.1 {port} /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.1\r\nConnection: close\r\nHost: shop:\r\n", $"shop shop 80 /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:\r\n", $"127.0.0.1 127.0.0.1 80 /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.1\r\nConnection: close\r\nHost: [::1]:\r\n", $"[::1] [::1] 80 /{mode} /x http 127.0.0.1 127.0.0.1 -"),
                ("HTTP/1.1\r\nConnection: close\r\nHost: in\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: "
                    + "https\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Port: 8443\r\n"
                    + "X-Forwarded-Prefix: /sh%6fp/\r\nX-Forwarded-User: ada\r\n",
                    $"shop shop 8443 /shop/{mode} /x https 203.0.113.9 203.0.113.9, 127.0.0.1 ada"),
                ("HTTP/1.1\r\nConnection: close\r\nHost: in\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Port: "
                    + "0x50\r\nX-Forwarded-Prefix: /a/%2e%2e/b\r\n",
                    $"in in 80 /{mode} /x http 203.0.113.9 203.0.113.9, 127.0.0.1 -"),
            ];
            foreach (var (head, expected) in cases)
            {
                var answer = await frontEnd.RawAsync($"GET /{mode}/x {head}\r\n");
                Assert.True(answer.Contains(expected, StringComparison.Ordinal), $"{head}\nexpected {expected}\n{answer}");
            }
            Assert.StartsWith("HTTP/1.1 400 ", await frontEnd.RawAsync($"GET /{mode}/x HTTP/1.1\r\nHost: a:b\r\n\r\n"));
        }
        using var http2 = TlsTests.Client(frontEnd.Status.Uris[1], HttpVersion.Version20);
        Assert.StartsWith($"{frontEnd.Status.Uris[1].Authority} 127.0.0.1 ", await http2.GetStringAsync("/d/x"));
    }
}
