using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>How front ends start, fail to start, and end.</summary>
[Trait("Host", "native")]
public sealed partial class LifecycleTests
{
    private const int SigTerm = 15;
    private const string Sample = "name: site\ndaemons: [ { name: app, sample: true } ]";

    [Fact]
    public async Task Terminated_front_end_finishes_what_is_in_flight_and_takes_no_more()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no SIGTERM on Windows");
        await using var frontEnd = await RunningFrontEnd.StartAsync(Sample);
        using var response = await frontEnd.Client.GetAsync(
            "/drip?count=20&chunk=100&every-ms=50", HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(0, SendSignal(frontEnd.ProcessId, SigTerm));
        await RunningFrontEnd.UntilAsync(() => !Connects(frontEnd.Uri), "the front end to take no new connection");

        Assert.Equal(2000, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(0, await frontEnd.EndedAsync());
    }

    [Fact]
    public async Task Name_that_is_running_already_is_one_sentence_and_harms_nothing()
    {
        var folder = RunningFrontEnd.NewFolder();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Sample, folder);
        var sentence = await RunningFrontEnd.FailAsync(Sample, folder);
        Assert.Contains($"'site' is already running (process {frontEnd.ProcessId})", sentence);
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Port_in_use_is_one_sentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        AssertSentence(
            "in use", await RunningFrontEnd.FailAsync(
            $"listen: [ \"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}\" ]\n{Sample}"));
    }

    [Theory]
    [InlineData("[ no-such-program ]", "cannot start 'no-such-program'")]
    [InlineData("[ ./no-such-file ]", "no-such-file")]
    [InlineData("[ sh, -c, 'echo no luck; exit 3' ]", "ended with exit code 3 before it served")]
    [InlineData("[ sh, -c, 'echo no luck; exit 3' ]", "no luck")]
    public async Task Command_that_does_not_start_is_one_sentence(string command, string expected) =>
        AssertSentence(expected, await RunningFrontEnd.FailAsync($"daemons: [ {{ name: app, command: {command} }} ]"));

    [Fact]
    public async Task Configuration_with_mistakes_is_one_line_each()
    {
        var lines = (await RunningFrontEnd.FailAsync(
            "daemons: [ { name: a, sample: on, respons: 1 } ]\nroutes: [ { path: x, daemon: b } ]")).Split(Environment.NewLine);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^.*site\.yaml:\d+:\d+: ", line));
    }

    [Fact]
    public async Task Killed_front_end_leaves_no_daemon_and_its_name_can_be_taken_at_once()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux(),
            "only Linux tells a process that its parent was killed; elsewhere daemons see it by their standard input");
        var folder = RunningFrontEnd.NewFolder();
        var first = await RunningFrontEnd.StartAsync("""
            name: site
            daemons: [ { name: app, sample: true }, { name: sleeper, command: [ python3, -c, "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); c = s.accept(); time.sleep(600)", "{socket}" ] } ]
            routes: [ { path: /, daemon: app } ]
            """, folder);
        var daemons = first.Status.Daemons.SelectMany(daemon => daemon.Workers).Select(worker => worker.ProcessId!.Value).ToArray();
        Assert.Equal(2, daemons.Length);

        await first.KillAsync();

        await RunningFrontEnd.UntilAsync(() => !daemons.Any(RunningFrontEnd.IsAlive), "the daemons to end");
        await using var second = await RunningFrontEnd.StartAsync(Sample, folder);
        Assert.Equal(200, (int)(await second.Client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Worker_is_replaced_after_maximum_requests_and_no_request_fails()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            "name: site\ndaemons: [ { name: app, sample: true, processes: 2, maximum-requests: 20 } ]");
        for (var i = 0; i < 200; i++) Assert.Equal(200, (int)(await frontEnd.Client.PostAsync("/sink", new StringContent("x"))).StatusCode);
        await RunningFrontEnd.UntilAsync(() => frontEnd.Events().Contains("DPXY0014"), "a worker to be replaced");
        Assert.True((await frontEnd.Control.GetStatusAsync()).Daemons[0].Traffic.RestartsByReason!["MaximumRequests"] > 0);
    }

    [Fact]
    public async Task Requests_beyond_the_threads_of_a_group_wait_and_are_dropped_after_queue_timeout()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            "name: site\ndaemons: [ { name: app, sample: true, processes: 2, threads: 1, queue-timeout: 300ms } ]");
        // Both workers are busy until the test lets their uploads end.
        var held = new TaskCompletionSource();
        var busy = Enumerable.Range(0, 2).Select(_ => frontEnd.Client.PostAsync("/sink", new HeldContent(held.Task))).ToArray();
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().Daemons[0].ActiveRequests == 2, "both workers to be busy");

        using var dropped = await frontEnd.Client.GetAsync("/");

        Assert.Equal(504, (int)dropped.StatusCode);
        await frontEnd.EventAsync("WSGI0084");
        held.SetResult();
        Assert.All(await Task.WhenAll(busy), response => Assert.Equal(200, (int)response.StatusCode));
        Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/")).StatusCode);
    }

    /// <summary>A body that begins at once and ends when it may.</summary>
    private sealed class HeldContent(Task mayEnd) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[1]);
            await stream.FlushAsync();
            await mayEnd;
            await stream.WriteAsync(new byte[1]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 2;
            return true;
        }
    }

    private static void AssertSentence(string expected, string sentence)
    {
        Assert.Contains(expected, sentence);
        Assert.DoesNotContain("\n", sentence);
        Assert.DoesNotContain("   at ", sentence);
    }

    private static bool Connects(Uri uri)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(uri.Host, uri.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
