using System.Net.Sockets;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Platform;
using DaemonProxy.Tests.Control;
using DaemonProxy.Tests.Host;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Stops that arrive while one process takes another one's place reach whichever serves, and kills leave the rest alone.</summary>
public sealed class UpdateStopTests
{
    private static readonly string Yaml = UpdatedFrontEnd.Yaml;

    [Fact]
    public async Task Stop_on_a_connection_from_before_the_update_ends_the_process_that_serves_now()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        using var before = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await before.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(frontEnd.Folder, "run", "site", "control.sock")));
        const string body = """{"drainTimeout":"00:00:02"}""";
        await before.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/stop HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
        // The request is being served, and waits for its body.
        var answer = new byte[4096];
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(answer, 0, await before.ReceiveAsync(answer)));
        var updated = await frontEnd.UpdateAsync();

        await before.SendAsync(Encoding.ASCII.GetBytes(body));

        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer, 0, await before.ReceiveAsync(answer)));
        await UpdatedFrontEnd.GoneAsync(updated.ProcessId);
        Assert.Equal(0, await frontEnd.EndedAsync());
    }

    [Fact]
    public async Task Stop_that_comes_when_the_new_process_has_just_said_that_it_serves_reaches_it()
    {
        ScriptedSuccessor.Need();
        using var scratch = new ScratchDirectory();
        var program = new ScriptedSuccessor(scratch.Path);
        FrontEndServer? frontEnd = null;
        Task? stopping = null;
        // The moment: it has said so, and this process has not given way yet.
        var terms = program.Terms(_ =>
        {
            stopping = frontEnd!.StopAsync(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        });
        var configuration = ConfigurationFile.Parse(
            "name: site\nlisten: http://127.0.0.1:0\ndaemons: [ { name: app, address: \"unix:nobody.sock\" } ]\n", "site.yaml", scratch.Path);
        frontEnd = await FrontEndServer.StartAsync(
            () => configuration, configuration, InstanceDirectory.Acquire("site", scratch.Runtime),
            EventLog.To(Stream.Null, TimeProvider.System), null, terms, null, null, new ConnectionBudget(null), socketThreads: 0, strict: false, null, null,
            CancellationToken.None);
        program.LetConnect();
        program.LetReport(SuccessorTests.Status(1));

        await frontEnd.UpdateAsync(program.Program, null, CancellationToken.None).WaitAsync(RunningFrontEnd.Limit);

        await stopping!.WaitAsync(RunningFrontEnd.Limit);
        await RunningFrontEnd.UntilAsync(() => program.Heard == "main\nstop 2000\n", $"the stop; it heard {program.Heard}");
    }

    [Fact]
    public async Task New_process_that_is_told_to_end_before_it_serves_ends_alone()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        var started = Path.Combine(frontEnd.Folder, "started");
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!,
            Yaml.Replace("sample: true", $"command: [ sh, -c, \"touch {started}; exec sleep 60\" ]"));

        var updating = frontEnd.UpdateAsync();
        var successor = await UpdatedFrontEnd.SuccessorAsync(frontEnd.ProcessId);
        await RunningFrontEnd.UntilAsync(() => File.Exists(started), "the start of its daemon");
        UpdatedFrontEnd.Send(successor, "TERM");

        var refusal = await Assert.ThrowsAsync<ControlException>(() => updating);
        Assert.Equal("'site' serves as before: the new process was told to end before it served; update again", refusal.Message);
        await UpdatedFrontEnd.GoneAsync(successor);
        Assert.Equal(frontEnd.ProcessId, (await frontEnd.StatusAsync()).ProcessId);
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
    }

    [Fact]
    public async Task Replaced_process_and_the_front_end_that_was_started_after_its_successor_was_killed_take_no_socket_from_each_other()
    {
        UpdatedFrontEnd.Need();
        await using var first = await RunningFrontEnd.StartAsync(Yaml);
        var response = await first.Client.GetAsync("/drip?count=100000&every-ms=50&chunk=20", HttpCompletionOption.ResponseHeadersRead);
        var draining = Assert.Single(WorkerSockets(first));
        UpdatedFrontEnd.Send((await first.UpdateAsync()).ProcessId, "KILL");
        await RunningFrontEnd.UntilAsync(
            () => !InstanceDirectory.IsRunning("site", RuntimeDirectory.Open(Path.Combine(first.Folder, "run"))), "the free name");
        Assert.True(RunningFrontEnd.IsAlive(first.ProcessId));
        await using var next = await RunningFrontEnd.StartAsync(Yaml, first.Folder);
        var own = Assert.Single(WorkerSockets(next), socket => socket != draining);
        using (var worker = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            await worker.ConnectAsync(new UnixDomainSocketEndPoint(draining));

        // It has nothing in flight any more.
        response.Dispose();
        await UpdatedFrontEnd.GoneAsync(first.ProcessId);

        Assert.Equal([own], WorkerSockets(next));
        Assert.Equal(10, (await next.Client.GetByteArrayAsync("/bytes?n=10")).Length);
    }

    private static string[] WorkerSockets(RunningFrontEnd frontEnd) =>
        Directory.GetFiles(Path.Combine(frontEnd.Folder, "run", "site"), "app.*.sock");
}
