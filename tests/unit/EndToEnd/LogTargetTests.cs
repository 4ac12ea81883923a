using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Where both logs go, and what is in them, with a front end in a process of its own.</summary>
public sealed class LogTargetTests
{
    private const string Site = "name: site\nlisten: [ \"http://127.0.0.1:0\" ]\n";

    private static Task LinesAsync(string file, int count) =>
        RunningFrontEnd.UntilAsync(() => File.Exists(file) && File.ReadLines(file).Count() >= count, $"{count} lines in {file}");

    [Fact]
    public async Task Json_line_has_the_names_of_the_conventions()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site + "access-log: access.log\naccess-log-format: json\n");
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=1000");
        var file = Path.Combine(frontEnd.Folder, "access.log");
        await LinesAsync(file, 1);

        var line = JsonDocument.Parse(File.ReadLines(file).Single()).RootElement;
        Assert.Equal(
            ["time", "client.address", "url.scheme", "server.address", "server.port", "http.request.method", "url.path", "url.query",
                "network.protocol.version", "http.response.status_code", "http.response.body.size", "http.route", "daemonproxy.daemon",
                "daemonproxy.queue.time", "http.server.request.duration"], line.EnumerateObject().Select(member => member.Name));
        Assert.InRange(line.GetProperty("time").GetDateTime(), DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow);
        Assert.Equal(("127.0.0.1", "http", "GET", "/bytes", "n=1000", "1.1", "/", "sample"),
            (Text("client.address"), Text("url.scheme"), Text("http.request.method"), Text("url.path"), Text("url.query"),
            Text("network.protocol.version"), Text("http.route"), Text("daemonproxy.daemon")));
        Assert.Equal((200, 1000, frontEnd.Uri.Port),
            (line.GetProperty("http.response.status_code").GetInt32(), line.GetProperty("http.response.body.size").GetInt32(),
            line.GetProperty("server.port").GetInt32()));
        Assert.InRange(line.GetProperty("http.server.request.duration").GetDouble(), 1e-6, 30);

        string Text(string name) => line.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Json_line_holds_whatever_a_client_sends()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site + "access-log: access.log\naccess-log-format: json\n");
        // As bytes on the wire, one character each: UTF-8 is read as such, and what is none as Latin-1.
        (string Sent, string Read)[] agents =
        [
            ("a\"b\\c", "a\"b\\c"), ("{\"code\":1}", "{\"code\":1}"), ("tab\there", "tab\there"), ("Zo\u00c3\u00ab", "Zo\u00eb"),
            ("Zo\u00eb", "Zo\u00eb"), ("\u00e2\u0080\u00a8", "\u2028"), ("\u00c2\u009b31m", "\u009b31m"), ("\u009b31m", "\u009b31m"),
            ("<script>&'+", "<script>&'+"),
        ];
        foreach (var (sent, _) in agents)
            await frontEnd.RawAsync($"GET /echo HTTP/1.1\r\nHost: a\r\nUser-Agent: {sent}\r\nReferer: {sent}\r\nConnection: close\r\n\r\n");
        var file = Path.Combine(frontEnd.Folder, "access.log");
        await LinesAsync(file, agents.Length);

        var text = await File.ReadAllTextAsync(file);
        // Nothing that ends a line or that a terminal would obey.
        Assert.DoesNotContain(text, character => (char.IsControl(character) && character != '\n') || character == '\u2028');
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        foreach (var member in new[] { "user_agent.original", "http.request.header.referer" })
            Assert.Equal(agents.Select(agent => agent.Read), lines.Select(line => line.GetProperty(member).GetString()));
    }

    [Fact]
    public async Task Sizes_and_numbers_of_the_files_are_those_of_the_configuration()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Site + "access-log: access.log\naccess-log-size: 1KiB\naccess-log-keep: 1\nevent-log: events\nevent-log-size: 1\n"
            + "event-log-keep: 2\n");
        var file = Path.Combine(frontEnd.Folder, "access.log");
        // More than the first batch, which is written as one.
        for (var number = 0; number < 3; number++)
        {
            for (var request = 0; request < 10; request++) await frontEnd.Client.GetByteArrayAsync($"/echo?round={number}");
            await RunningFrontEnd.UntilAsync(
                () => File.Exists(file) && File.ReadAllText(file).Contains($"round={number}", StringComparison.Ordinal), "a batch");
        }

        Assert.Equal(["access.log", "access.log.1"],
            Directory.GetFiles(frontEnd.Folder, "access.log*").Select(Path.GetFileName).Order());
        Assert.Equal(Path.Combine(frontEnd.Folder, "events"), frontEnd.Status.LogFile);
        // Each event of the start is longer than a file.
        Assert.Equal(["events", "events.1", "events.2"], Directory.GetFiles(frontEnd.Folder, "events*").Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Both_logs_can_go_to_the_systems()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no syslog");
        var folder = RunningFrontEnd.NewFolder();
        var path = Path.Combine(folder, "log.sck");
        using var system = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        system.Bind(new UnixDomainSocketEndPoint(path));
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Site + $"access-log: syslog:{path}\nevent-log: syslog:{path}\nevent-log-format: text\n", folder);
        Assert.Null(frontEnd.Status.LogFile);
        Assert.Equal($"syslog:{path}", frontEnd.Status.EventLog);

        await frontEnd.Client.GetByteArrayAsync("/bytes?n=1");
        var lines = new List<string>();
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        for (var buffer = new byte[10_000]; !lines.Exists(line => line.Contains("GET /bytes", StringComparison.Ordinal));)
            lines.Add(Encoding.UTF8.GetString(buffer, 0, await system.ReceiveAsync(buffer, limit.Token)));

        Assert.Matches($"^<30>... .. ..:..:.. daemonproxy-access\\[{frontEnd.ProcessId}\\]: 127\\.0\\.0\\.1 - - \\[", lines[^1]);
        Assert.Contains(
            lines, line => line.EndsWith($" daemonproxy[{frontEnd.ProcessId}]: information DPXY0007 front end started: {frontEnd.Uri} "
            + $"(pid={frontEnd.ProcessId}, configuration={frontEnd.Status.ConfigurationFile})", StringComparison.Ordinal));
        system.Dispose();
        File.Delete(path);
        // Nothing listens there any more: requests are served all the same, and the state says what is lost.
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=2");
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().Warnings
            .Any(warning => warning.Contains("the event log has lost 1 event ", StringComparison.Ordinal)), "the warning");
    }

    [Theory]
    [InlineData("event-log: stdout")]
    [InlineData("access-log: stdout")]
    public async Task Front_end_in_the_background_has_no_standard_output(string key)
    {
        var sentence = await RunningFrontEnd.FailAsync(Site + key);
        Assert.StartsWith($"{key} leads nowhere from a front end in the background; ", sentence);
    }

    [Theory]
    [InlineData("event-log: no/such/folder/log", "the event log ")]
    [InlineData("access-log: no/such/folder/log", "the access log ")]
    [InlineData("event-log: syslog:/no/such/socket", "the event log syslog:/no/such/socket cannot be written (there is no socket /no/such/socket")]
    public async Task Log_that_cannot_be_opened_refuses_the_start(string key, string begin) =>
        Assert.StartsWith(begin, await RunningFrontEnd.FailAsync(Site + key));

    [Fact]
    public async Task Reader_of_standard_output_that_stops_reading_holds_up_no_request()
    {
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), Site + "access-log: stdout\nevent-log: events\n");
        var start = new ProcessStartInfo(RepositoryRoot.Host, ["serve", "site.yaml", "--json"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
        using var process = Process.Start(start)!;
        try
        {
            using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
            var status = JsonSerializer.Deserialize(
                (await process.StandardOutput.ReadLineAsync(limit.Token))!, ControlJson.Default.InstanceStatus)!;
            using var client = new HttpClient { BaseAddress = status.Uri, Timeout = RunningFrontEnd.Limit };
            var query = new string('x', 7000);
            // Twice what the front end keeps for a reader that is stuck.
            await Parallel.ForAsync(0, 1200, limit.Token, async (_, stop) => await client.GetByteArrayAsync($"/echo?{query}", stop));
            var lines = ReadAsync(process.StandardOutput);
            var events = Path.Combine(folder, "events");
            await RunningFrontEnd.UntilAsync(
                () => File.ReadAllText(events).Contains("access log not written: it was held up; ", StringComparison.Ordinal), "the event");
            using var control = new ControlClient("site", RuntimeDirectory.Open(Path.Combine(folder, "run")));
            await control.StopAsync(TimeSpan.FromSeconds(2));
            // Every line that is there is whole, and those that are not are counted.
            var written = await lines;
            Assert.All(written, line => Assert.EndsWith(" sample", line[..line.LastIndexOf(' ')][..line[..line.LastIndexOf(' ')].LastIndexOf(' ')]));
            var lost = File.ReadLines(events).Where(line => line.Contains("DPXY0022", StringComparison.Ordinal))
                .Sum(line => int.Parse(line.Split("held up; ")[1].Split(' ')[0]));
            Assert.Equal(1200, written.Count + lost);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<string>> ReadAsync(StreamReader output)
    {
        var lines = new List<string>();
        while (await output.ReadLineAsync() is { } line) lines.Add(line);
        return lines;
    }

    [Fact]
    public async Task Reload_that_would_change_a_log_is_refused_by_its_key()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site + "access-log: access.log\n");
        foreach (var (line, key) in new[]
        {
            ("access-log: other.log", "access-log"), ("access-log: access.log\naccess-log-format: json", "access-log-format"),
            ("access-log: access.log\naccess-log-size: 1MiB", "access-log-size"),
            ("access-log: access.log\naccess-log-keep: 9", "access-log-keep"),
            ("access-log: access.log\nevent-log: other.log", "event-log"),
            ("access-log: access.log\nevent-log-format: text", "event-log-format"),
            ("access-log: access.log\nevent-log-size: 1MiB", "event-log-size"),
            ("access-log: access.log\nevent-log-keep: 9", "event-log-keep"),
            ("access-log: access.log\nopentelemetry: { traces: off }", "opentelemetry"),
        })
        {
            await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, Site + line);
            var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));
            Assert.StartsWith($"nothing was changed: {key} cannot be changed by a restart of 'site'", refusal.Message);
        }
    }
}
