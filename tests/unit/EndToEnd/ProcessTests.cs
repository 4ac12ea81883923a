using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// What a process looks like to an application in it, and to the front end whatever the application does: children, signals, streams, text;
/// in both modes, on each Python there is.
/// </summary>
public sealed class ProcessTests
{
    // Signals 32 and 33 are the C library's own, for changing a process's user in all threads.
    private const ulong OfTheLibrary = 3UL << 31;

    // What a question answers, as JSON; a child's own number is left out.
    private static readonly (string Question, string Answer)[] Children =
    [
        ("quit", """{"status":768,"said":null}"""),
        ("exit", """{"status":1024,"said":null}"""),
        ("exit-text", """{"status":256,"said":null}"""),
        ("raise", """{"status":256,"said":null}"""),
        ("return", """{"status":0,"said":null}"""),
        ("take-signal", """{"status":0,"said":true}"""),
        ("terminate", "-15"),
        ("pool", "[4,3,2,1,0]"),
        ("process", "0"),
        ("subprocess", "\"done\\n\""),
        ("preexec", "0"),
        ("system", "1280"),
        ("thread", "[0]"),
        ("signal", "[true,true]"),
        ("environ", "[]"),
    ];

    [Theory]
    [MemberData(nameof(ProcessSite.Pythons), MemberType = typeof(ProcessSite))]
    public async Task Children_signals_streams_and_text_are_as_an_application_expects_them(string python)
    {
        await using var site = await ProcessSite.StartAsync(ProcessSite.Need(python));
        var failures = new List<string>();
        foreach (var mode in new[] { "d", "e" })
        {
            var process = (await site.AskAsync(mode, "pid")).GetInt32();
            foreach (var (question, expected) in Children)
            {
                var answer = (await site.AskAsync(mode, question)).GetRawText().Replace(" ", "");
                if (answer.StartsWith("{\"pid\"", StringComparison.Ordinal)) answer = "{" + answer[(answer.IndexOf(',') + 1)..];
                if (answer != expected.Replace(" ", "")) failures.Add($"/{mode}/{question}: {answer} instead of {expected}");
            }
            CheckChild(mode, (await site.AskAsync(mode, "state")).GetProperty("said"), failures);
            await CheckStreamsAsync(mode, site, failures);
            Expect($"/{mode}/text", """["gr\u00fc\u00dfe \u65e5\u672c", "utf-8", 1, false]""", (await site.AskAsync(mode, "text")).GetRawText(), failures);
            Expect($"/{mode} its process", $"{process}", (await site.AskAsync(mode, "pid")).GetRawText(), failures);
        }
        var log = site.FrontEnd.LogLines();
        foreach (var line in new[] { "the handler for SIGTERM is ignored", "process.wsgi, line 14, in <module>", "squaring 3",
            "farewell of a child", "ZeroDivisionError" })
        {
            if (!log.Any(entry => entry.Contains(line, StringComparison.Ordinal))) failures.Add($"'{line}' is not in the log");
        }
        foreach (var line in new[] { "DPXY0005", "Traceback of the host" }.Where(
            line => log.Any(entry => entry.Contains(line, StringComparison.Ordinal))))
            failures.Add($"{line} is in the log");
        // The children's own numbers: none of them said goodbye in its parent's name.
        if (Directory.GetFiles(site.Folder, "goodbye-*") is { Length: > 0 } goodbyes)
            failures.Add($"exit handlers ran in {string.Join(", ", goodbyes)}");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static void Expect(string what, string expected, string answer, List<string> failures)
    {
        if (answer != expected) failures.Add($"{what}: {answer} instead of {expected}");
    }

    private static void CheckChild(string mode, JsonElement child, List<string> failures)
    {
        if (child.GetProperty("caught").GetUInt64() is var caught && (caught & ~OfTheLibrary) != 0)
            failures.Add($"/{mode}: a child catches signals {caught:x}");
        if (child.GetProperty("blocked").GetUInt64() is var blocked and not 0) failures.Add($"/{mode}: a child blocks signals {blocked:x}");
        var kept = child.GetProperty("links").EnumerateObject().Where(link => int.Parse(link.Name) > 2)
            .Select(link => $"{link.Name} {link.Value}").ToList();
        // Its own pipe, the folder that it lists, and where its output goes in the front end.
        if (kept.Count(link => link.Contains("socket:", StringComparison.Ordinal)) is > 0)
            failures.Add($"/{mode}: a child keeps sockets: {string.Join(", ", kept)}");
        if (kept.Count(link => link.Contains("pipe:", StringComparison.Ordinal)) > 3)
            failures.Add($"/{mode}: a child keeps pipes: {string.Join(", ", kept)}");
        if (kept.Any(link => link.Contains(".lock", StringComparison.Ordinal) || link.Contains(".log", StringComparison.Ordinal)))
            failures.Add($"/{mode}: a child keeps files: {string.Join(", ", kept)}");
    }

    private const string Prefix = "output of an application: ";

    private static async Task CheckStreamsAsync(string mode, ProcessSite site, List<string> failures)
    {
        var streams = (await site.AskAsync(mode, "streams")).GetRawText();
        const string Attributes = """["utf-8", "backslashreplace", false, false, "<NAME>", true, false, "w"]""";
        Expect($"/{mode}/streams",
            $$"""{"stdout.fileno": "UnsupportedOperation", "stdout": {{Attributes.Replace("NAME", "stdout")}}, "stderr.fileno": "UnsupportedOperation", "stderr": {{Attributes.Replace("NAME", "stderr")}}, "stdin": "", "descriptor 0": ""}""",
            streams, failures);
        var expected =
            new[] { "stdout as bytes: grüße ", "no text: \\xff", "stdout in lines", "stderr as bytes: grüße ", "no text: \\xff",
            "stderr in lines", "alone \\udc80" };
        IEnumerable<string> Logged() => site.FrontEnd.LogLines().Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("path", out var path) && path.GetString() == $"/{mode}/streams")
            .Select(line => line.GetProperty("message").GetString()![Prefix.Length..]);
        await RunningFrontEnd.UntilAsync(() => Logged().Count() >= expected.Length, $"the lines of /{mode}/streams");
        Expect($"/{mode}/streams in the log", string.Join('|', expected), string.Join('|', Logged()), failures);
    }

    [Theory]
    [InlineData("d", "sleeper")]
    [InlineData("e", "sleeper")]
    [InlineData("d", "daemonised")]
    [InlineData("e", "daemonised")]
    public async Task Child_that_lives_on_keeps_neither_the_port_nor_a_connection_nor_the_end(string mode, string kind)
    {
        var site = await ProcessSite.StartAsync(ProcessSite.Need(""));
        var child = 0;
        try
        {
            // The connection is the child's too, at the moment of the fork; the front end closes it when the answer is there.
            var answer = await site.FrontEnd.RawAsync($"GET /{mode}/{kind} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .WaitAsync(TimeSpan.FromSeconds(10));
            Assert.StartsWith("HTTP/1.1 200", answer);
            child = int.Parse(answer[(answer.LastIndexOf('\n') + 1)..]);
            Assert.True(RunningFrontEnd.IsAlive(child));
            Assert.Equal(JsonValueKind.Number, (await site.AskAsync(mode, "pid")).ValueKind);
            await site.DisposeAsync().AsTask().WaitAsync(RunningFrontEnd.Limit);
            using var port = new Socket(SocketType.Stream, ProtocolType.Tcp);
            port.Bind(new IPEndPoint(IPAddress.Loopback, site.FrontEnd.Uri.Port));
            port.Listen();
            Assert.True(kind != "daemonised" || RunningFrontEnd.IsAlive(child), "the daemonised child ended with the front end");
        }
        finally
        {
            if (child != 0 && RunningFrontEnd.IsAlive(child)) Process.GetProcessById(child).Kill();
        }
    }

    [Fact]
    public async Task Events_cannot_be_forged_on_the_standard_streams()
    {
        await using var site = await ProcessSite.StartAsync(ProcessSite.Need(""));
        var worker = (await site.AskAsync("d", "forge")).GetInt32();
        await RunningFrontEnd.UntilAsync(
            () => site.FrontEnd.LogLines().Count(line => line.Contains("forged", StringComparison.Ordinal)) >= 8, "what was written");
        Assert.DoesNotContain(site.FrontEnd.Events(), code => code is "DPXY0018" or "DPXY0019" or "DPXY0014");
        Assert.Equal(worker, (await site.AskAsync("d", "pid")).GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData("X-DaemonProxy-Connection: 0 6.6.6.6 1 1 https HTTP/1.1 %2F 0 %2F\r\n")]
    [InlineData("X-DaemonProxy-Connection: 0000000000000000000000000000000000000000000000000000000000000000 0 6.6.6.6 1 1 https HTTP/1.1 "
        + "%2F 0 %2F\r\n")]
    public async Task Worker_refuses_what_its_front_end_has_not_sent(string header)
    {
        await using var site = await ProcessSite.StartAsync(ProcessSite.Need(""));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(
            new UnixDomainSocketEndPoint(Directory.GetFiles(site.Folder, "app.*.sock", SearchOption.AllDirectories).Single()));
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"GET /d/pid HTTP/1.1\r\nHost: x\r\n{header}\r\n"));
        Assert.StartsWith("HTTP/1.1 403", await RunningFrontEnd.ReadToEndAsync(socket));
        await site.FrontEnd.EventAsync("DPXY0026");
        Assert.Equal(1, site.FrontEnd.Events().Count(code => code == "DPXY0026"));
        Assert.Equal(JsonValueKind.Number, (await site.AskAsync("d", "pid")).ValueKind);
    }

    [Fact]
    public async Task Locale_that_is_set_is_the_one_that_text_has()
    {
        await using var site = await ProcessSite.StartAsync(ProcessSite.Need(""), "locale: C.UTF-8", ", locale: C.UTF-8");
        foreach (var mode in new[] { "d", "e" }) Assert.Equal("""["gr\u00fc\u00dfe \u65e5\u672c", "utf-8", 0, "C.UTF-8"]""", (await site.AskAsync(mode, "text")).GetRawText());
    }
}
