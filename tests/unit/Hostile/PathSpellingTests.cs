using System.Text;
using DaemonProxy.Embedded;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// <c>tests/hostile/paths.txt</c>: a target, and what becomes of it with <c>encoded-slashes: refuse</c>, <c>decode</c> and <c>keep</c>: the
/// group of its route and the target that the daemon gets, or the status. Each goes to four kinds of daemon, which say what they take the
/// path for: none may take it for a path under <c>/download</c> that has not come by that route.
/// </summary>
public sealed class PathSpellingTests
{
    private const string Wsgi = """
        import posixpath
        def application(environ, start_response):
            path = environ['SCRIPT_NAME'] + environ['PATH_INFO']
            group = environ.get('mod_wsgi.process_group', __name__)
            normal = posixpath.normpath('/' + path.lstrip('/'))
            under = 'under' if normal == '/download' or normal.startswith('/download/') else 'outside'
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [('%s %s %s' % (under, group, path)).encode('latin-1')]
        """;

    private const string Asgi = """
        import posixpath
        async def application(scope, receive, send):
            if scope['type'] != 'http': return
            normal = posixpath.normpath('/' + scope['path'].lstrip('/'))
            under = 'under' if normal == '/download' or normal.startswith('/download/') else 'outside'
            await send({'type': 'http.response.start', 'status': 200, 'headers': []})
            await send({'type': 'http.response.body', 'body': ('%s %s ' % (under, __name__)).encode() + scope['raw_path'].split(b'?')[0]})
        """;

    private static readonly IReadOnlyList<string[]> Cases = CorpusFile.Read("paths.txt");

    [Theory]
    [InlineData("refuse", 1)]
    [InlineData("decode", 2)]
    [InlineData("keep", 3)]
    public async Task Daemon_gets_what_was_matched(string setting, int column)
    {
        Assert.True(Cases.Count >= 500, $"only {Cases.Count} spellings");
        await using var open = new RecordingDaemon("open");
        await using var limited = new RecordingDaemon("limited");
        await using var stripped = new RecordingDaemon("stripped");
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Site($"address: \"{open.Address}\"", $"address: \"{limited.Address}\"", $"address: \"{stripped.Address}\"", setting));
        await CheckAsync(
            frontEnd, column, (answer, expected) => answer == expected.Replace(" ", " GET ", StringComparison.Ordinal) + "\n"
            ? null : answer);
        foreach (var daemon in new[] { open, limited, stripped }) Assert.Empty(daemon.TakeViolations());
        Assert.DoesNotContain("DPXY0011", frontEnd.Events());
    }

    [Fact]
    public async Task Own_workers_take_no_spelling_for_a_path_of_another_route()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), Wsgi);
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Site("application: app.wsgi", "application: app.wsgi", "application: app.wsgi", "refuse"), folder);
        await CheckAsync(frontEnd, 1, (answer, expected) => Compare(answer, expected, decodes: true, mount: "/app"));
    }

    [Fact]
    public async Task Gunicorn_takes_no_spelling_for_a_path_of_another_route()
    {
        Programs.Need("gunicorn");
        await CheckServerAsync(Wsgi, name => $"command: [ gunicorn, --bind, \"unix:{{socket}}\", \"{name}:application\" ]", decodes: true);
    }

    [Fact]
    public async Task Uvicorn_takes_no_spelling_for_a_path_of_another_route()
    {
        Programs.Need("uvicorn");
        await CheckServerAsync(
            Asgi, name => $"command: [ uvicorn, --uds, \"{{socket}}\", --log-level, warning, \"{name}:application\" ]", decodes: false);
    }

    private static async Task CheckServerAsync(string application, Func<string, string> source, bool decodes)
    {
        var folder = RunningFrontEnd.NewFolder();
        foreach (var name in new[] { "open", "limited", "stripped" })
            await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.py"), application);
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Site(source("open"), source("limited"), source("stripped"), "refuse"), folder);
        await CheckAsync(frontEnd, 1, (answer, expected) => Compare(answer, expected, decodes, mount: ""));
    }

    private static string Site(string open, string limited, string stripped, string setting) => $$"""
        name: paths
        encoded-slashes: {{setting}}
        daemons:
          - { name: open, {{open}} }
          - { name: limited, {{limited}} }
          - { name: stripped, {{stripped}} }
        routes:
          - { path: /, daemon: open }
          - { path: /download, daemon: limited }
          - { path: /app, daemon: stripped, strip-prefix: true }
        """;

    private static string? Compare(string answer, string expected, bool decodes, string mount)
    {
        var parts = answer.Split(' ', 3);
        var (group, target) = (
            expected[..expected.IndexOf(' ', StringComparison.Ordinal)], expected[(expected.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        var path = target.Split('?')[0];
        if (group == "stripped" && mount.Length > 0) path = path == "/" && !answer.EndsWith('/') ? mount : mount + path;
        if (decodes)
            path = CorpusFile.Text(path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\x", StringComparison.Ordinal));
        return parts.Length == 3 && parts[1] == group && parts[2] == path && (parts[0] == "outside" || group is "limited" or "stripped")
            ? null : answer;
    }

    private static async Task CheckAsync(RunningFrontEnd frontEnd, int column, Func<string, string, string?> wrong)
    {
        var failures = new StringBuilder();
        RawClient? client = null;
        foreach (var columns in Cases)
        {
            var expected = CorpusFile.Text(columns[column]);
            client ??= RawClient.Connect(frontEnd.Uri);
            await client.SendAsync($"GET {CorpusFile.Text(columns[0])} HTTP/1.1\r\nHost: a\r\n\r\n");
            var answer = await client.ReadAsync();
            if (expected[0] == '4')
            {
                if (answer?.Status is not (400 or 404) || (expected != "4xx" && $"{answer.Status}" != expected))
                    failures.AppendLine($"{columns[0]}: expected {expected}, got {answer?.Status} {answer?.Body}");
            }
            else if (answer is not { Status: 200, IsWhole: true })
                failures.AppendLine($"{columns[0]}: expected {expected}, got {answer?.Status} {answer?.Body}");
            else if (wrong(answer.Body, expected) is { } got) failures.AppendLine($"{columns[0]}: expected {expected}, got {got}");
            if (answer is { Status: 200 }) continue;
            // The server closes with some refusals.
            client.Dispose();
            client = null;
        }
        client?.Dispose();
        Assert.True(failures.Length == 0, failures.ToString());
    }
}
