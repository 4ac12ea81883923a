using System.Net;
using System.Net.Sockets;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end's process is replaced by a new one: who has what then, and what a failure leaves.</summary>
public sealed class UpdateTests
{
    private static readonly string Yaml = UpdatedFrontEnd.Yaml;

    // A server that never listens: its start takes as long as one lets it.
    private static readonly string NeverReady = Yaml.Replace("sample: true", "command: [ sleep, \"60\" ]");

    [Fact]
    public async Task New_process_has_the_name_and_the_address_and_the_end_of_the_old_one_takes_nothing_away()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        var folder = Path.Combine(frontEnd.Folder, "run", "site");
        var socket = new FileInfo(Path.Combine(folder, "control.sock")).CreationTimeUtc;

        var updated = await frontEnd.UpdateAsync();
        Assert.Equal(0, await frontEnd.EndedAsync());

        Assert.NotEqual(frontEnd.ProcessId, updated.ProcessId);
        Assert.Equal([frontEnd.ProcessId], updated.Replaced);
        Assert.Equal(frontEnd.Status.Uris, updated.Uris);
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
        var status = await frontEnd.StatusAsync();
        Assert.Equal((updated.ProcessId, "Serving"), (status.ProcessId, status.State));
        Assert.Equal(updated.ProcessId, InstanceDirectory.ProcessOf(folder));
        Assert.Equal(socket, new FileInfo(Path.Combine(folder, "control.sock")).CreationTimeUtc);
        Assert.True(File.Exists(Path.Combine(folder, "instance.lock")));
        Assert.False(File.Exists(Path.Combine(folder, "update.sock")));
        // The name is taken for any other process.
        var taken = Assert.Throws<ControlException>(
            () => InstanceDirectory.Acquire("site", RuntimeDirectory.Open(Path.Combine(frontEnd.Folder, "run"))));
        Assert.Equal(ControlFailure.AlreadyRunning, taken.Failure);
        await RunningFrontEnd.UntilAsync(() => frontEnd.StatusAsync().GetAwaiter().GetResult().Replaced.Count == 0, "the old one's end");
        // Both wrote to one log, and no line of either is lost.
        Assert.Equal(2, frontEnd.Events().Count(code => code == "DPXY0007"));
        Assert.Single(frontEnd.Events(), code => code == "DPXY0056");
        Assert.Single(frontEnd.Events(), code => code == "DPXY0008");
    }

    [Fact]
    public async Task Usr2_starts_the_program_again()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);

        UpdatedFrontEnd.Send(frontEnd.ProcessId, "USR2");

        Assert.Equal(0, await frontEnd.EndedAsync());
        Assert.NotEqual(frontEnd.ProcessId, (await frontEnd.StatusAsync()).ProcessId);
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
    }

    [Fact]
    public async Task Usr2_that_comes_to_nothing_is_an_event()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, Yaml.Replace("daemon: app", "daemon: nobody"));

        UpdatedFrontEnd.Send(frontEnd.ProcessId, "USR2");

        await frontEnd.EventAsync("DPXY0057");
        Assert.Contains("nobody", frontEnd.LogLines().Single(line => line.Contains("DPXY0057")));
        await ServesAsBeforeAsync(frontEnd);
    }

    [Fact]
    public async Task Update_that_fails_leaves_the_old_process_with_everything()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        foreach (var (yaml, within, says) in new (string, TimeSpan?, string)[]
        {
            (Yaml.Replace("path: /, daemon: app", "path: /, daemon: nobody"), null, "nobody"),
            (Yaml.Replace("name: site", "name: other"), null,
                "name is 'site' and would become 'other', by which nobody finds the front end any more"),
            (Yaml.Replace("http://127.0.0.1:0", "http://192.0.2.1:80"), null, "http://192.0.2.1:80 is not an address of this computer"),
            (Yaml.Replace("127.0.0.1:0", $"*:{frontEnd.Uri.Port}"), null,
                $"http://*:{frontEnd.Uri.Port} cannot be listened on while the front end listens on http://127.0.0.1:{frontEnd.Uri.Port}"),
            (NeverReady, TimeSpan.FromSeconds(1), "daemon group 'app' does not serve on its socket after 1 s"),
            (Yaml.Replace("sample: true", "command: [ \"false\" ]"), null, "'false' ended with exit code 1 before it served"),
        })
        {
            await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, yaml);
            var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.UpdateAsync(within));
            Assert.StartsWith("'site' serves as before: ", refusal.Message);
            Assert.Contains(says, refusal.Message);
            Assert.DoesNotContain("\n", refusal.Message);
            await ServesAsBeforeAsync(frontEnd);
        }
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, Yaml);
        Assert.NotEqual(frontEnd.ProcessId, (await frontEnd.UpdateAsync()).ProcessId);
    }

    [Fact]
    public async Task Group_that_works_in_the_old_process_must_work_in_the_new_one_and_one_that_does_not_need_not()
    {
        UpdatedFrontEnd.Need();
        var both = Yaml.Replace("sample: true }", "sample: true }, { name: other, COMMAND }");
        var broken = both.Replace("COMMAND", "command: [ \"false\" ]");
        await using var frontEnd = await RunningFrontEnd.StartAsync(both.Replace("COMMAND", "sample: true"));
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, broken);

        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.UpdateAsync());

        Assert.StartsWith("'site' serves as before: daemon group 'other': 'false' ended with exit code 1", refusal.Message);
        await ServesAsBeforeAsync(frontEnd);

        await using var failing = await RunningFrontEnd.StartAsync(broken);
        Assert.NotEqual(failing.ProcessId, (await failing.UpdateAsync()).ProcessId);
    }

    [Fact]
    public async Task New_process_that_is_killed_in_the_middle_changes_nothing()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, NeverReady);

        var updating = frontEnd.UpdateAsync();
        UpdatedFrontEnd.Send(await UpdatedFrontEnd.SuccessorAsync(frontEnd.ProcessId), "KILL");

        var refusal = await Assert.ThrowsAsync<ControlException>(() => updating);
        Assert.StartsWith("'site' serves as before: the new process ", refusal.Message);
        await ServesAsBeforeAsync(frontEnd);
    }

    [Fact]
    public async Task Second_update_at_the_same_time_is_refused_and_a_withdrawn_one_leaves_no_process()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, NeverReady);
        using var withdraw = new CancellationTokenSource();
        using var first = frontEnd.NewControl();

        var updating = first.UpdateAsync(null, null, withdraw.Token);
        var successor = await UpdatedFrontEnd.SuccessorAsync(frontEnd.ProcessId);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.UpdateAsync());
        await withdraw.CancelAsync();

        Assert.Equal("'site' serves as before: 'site' is being updated already; wait until that is done", refusal.Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => updating);
        await UpdatedFrontEnd.GoneAsync(successor);
        await ServesAsBeforeAsync(frontEnd);
    }

    [Fact]
    public async Task Stop_in_the_middle_of_an_update_ends_both_processes()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, NeverReady);

        var updating = frontEnd.UpdateAsync();
        var successor = await UpdatedFrontEnd.SuccessorAsync(frontEnd.ProcessId);
        UpdatedFrontEnd.Send(frontEnd.ProcessId, "TERM");

        Assert.Contains("'site' is being stopped", (await Assert.ThrowsAsync<ControlException>(() => updating)).Message);
        Assert.Equal(0, await frontEnd.EndedAsync());
        await UpdatedFrontEnd.GoneAsync(successor);
    }

    [Fact]
    public async Task Keys_that_are_fixed_at_the_start_change_and_addresses_come_and_go()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml.Replace("\"http://127.0.0.1:0\"", "\"http://127.0.0.1:0\", \"http://127.0.0.2:0\"")
            + "metrics-listen: http://127.0.0.1:0\n");
        var (stays, goes) = (frontEnd.Status.Uris[0], frontEnd.Status.Uris[1]);
        using (var client = new HttpClient { Timeout = RunningFrontEnd.Limit })
            await client.GetByteArrayAsync(new Uri(goes, "/bytes?n=10"));
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, Yaml.Replace(
            "\"http://127.0.0.1:0\"", $"\"http://127.0.0.3:0\", \"http://127.0.0.1:{stays.Port}\"")
            + "metrics-listen: http://127.0.0.1:0\nlimit-request-line: 1KiB\n");

        var updated = await frontEnd.UpdateAsync();

        Assert.Equal("127.0.0.3", updated.Uris[0].Host);
        Assert.Equal([stays], updated.Uris.Skip(1));
        Assert.Equal(frontEnd.Status.MetricsUri, updated.MetricsUri);
        using var now = new HttpClient { Timeout = RunningFrontEnd.Limit };
        foreach (var uri in updated.Uris) Assert.Equal(10, (await now.GetByteArrayAsync(new Uri(uri, "/bytes?n=10"))).Length);
        Assert.Equal(HttpStatusCode.RequestUriTooLong, (await now.GetAsync(new Uri(stays, "/" + new string('a', 2000)))).StatusCode);
        Assert.Contains("daemonproxy", await now.GetStringAsync(new Uri(updated.MetricsUri!, "/metrics")));
        await frontEnd.EndedAsync();
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => now.GetByteArrayAsync(new Uri(goes, "/bytes?n=10")));
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(refused.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task Stop_of_the_new_process_ends_the_old_one_too_which_still_has_a_request()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        using var response = await frontEnd.Client.GetAsync(
            "/drip?count=1000&every-ms=50&chunk=20", HttpCompletionOption.ResponseHeadersRead);
        await frontEnd.UpdateAsync();
        var updated = await frontEnd.UpdateAsync();
        Assert.Contains(frontEnd.ProcessId, (await frontEnd.StatusAsync()).Replaced);

        using (var client = frontEnd.NewControl()) await client.StopAsync(TimeSpan.Zero);

        await frontEnd.EndedAsync();
        Assert.False(RunningFrontEnd.IsAlive(updated.ProcessId));
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task What_the_old_process_has_in_flight_is_broken_off_after_its_time()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml + "update-drain-timeout: 1s\n");
        using var response = await frontEnd.Client.GetAsync(
            "/drip?count=1000&every-ms=50&chunk=20", HttpCompletionOption.ResponseHeadersRead);

        await frontEnd.UpdateAsync();

        Assert.Equal(0, await frontEnd.EndedAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
    }

    [Fact]
    public async Task Folder_that_is_removed_during_an_update_is_there_again_afterwards_with_a_control_socket_that_answers()
    {
        UpdatedFrontEnd.Need();
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "there is no Python");
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await File.WriteAllTextAsync(Path.Combine(frontEnd.Folder, "late.py"), """
            import socket, sys, time
            open(sys.argv[2], 'w').close()
            time.sleep(6)
            server = socket.socket(socket.AF_UNIX)
            server.bind(sys.argv[1])
            server.listen()
            clients = []
            while True:
                clients.append(server.accept())
            """);
        await File.WriteAllTextAsync(frontEnd.Status.ConfigurationFile!, Yaml.Replace(
            "sample: true }", "sample: true }, { name: late, command: [ /usr/bin/python3, HERE/late.py, \"{socket}\", HERE/asked ] }")
            .Replace("HERE", frontEnd.Folder));
        var folder = Path.Combine(frontEnd.Folder, "run", "site");

        // Whoever asks on the control socket is cut off when that is made again, which withdraws the update; a signal is not.
        UpdatedFrontEnd.Send(frontEnd.ProcessId, "USR2");
        var successor = await UpdatedFrontEnd.SuccessorAsync(frontEnd.ProcessId);
        await RunningFrontEnd.UntilAsync(
            () => File.Exists(Path.Combine(frontEnd.Folder, "asked")) && Directory.GetFiles(folder, "app.*.sock").Length == 2, "new workers");
        await Task.Delay(500);
        Directory.Delete(folder, recursive: true);
        await RunningFrontEnd.UntilAsync(
            () => !RunningFrontEnd.IsAlive(successor) || !RunningFrontEnd.IsAlive(frontEnd.ProcessId), "the end of one of the two");

        // The first one who asks: a name that nobody holds is tidied up by that, after which the front end makes it anew.
        await RunningFrontEnd.UntilAsync(
            () => File.Exists(frontEnd.Status.LogFile) && frontEnd.Events().Contains("DPXY0068"), "the folder that was made again");
        Assert.Equal("Serving", (await frontEnd.StatusAsync()).State);
        Assert.Throws<ControlException>(
            () => InstanceDirectory.Acquire("site", RuntimeDirectory.Open(Path.Combine(frontEnd.Folder, "run"))));
    }

    private static async Task ServesAsBeforeAsync(RunningFrontEnd frontEnd)
    {
        var status = await frontEnd.StatusAsync();
        Assert.Equal((frontEnd.ProcessId, "Serving"), (status.ProcessId, status.State));
        Assert.Equal(frontEnd.ProcessId, InstanceDirectory.ProcessOf(Path.Combine(frontEnd.Folder, "run", "site")));
        using var client = new HttpClient { BaseAddress = frontEnd.Uri, Timeout = RunningFrontEnd.Limit };
        Assert.Equal(10, (await client.GetByteArrayAsync("/bytes?n=10")).Length);
    }
}
