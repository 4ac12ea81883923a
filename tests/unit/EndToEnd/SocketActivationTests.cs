using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using DaemonProxy.Control;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Sockets that a service manager listens on for a front end (LISTEN_FDS).</summary>
public sealed class SocketActivationTests
{
    private const string Groups = "daemons: [ { name: app, sample: true } ]\n";

    [Fact]
    public async Task Passed_socket_is_served_and_outlives_the_front_end_with_the_connections_that_wait_in_it()
    {
        Need();
        using var manager = Listen();
        var folder = RunningFrontEnd.NewFolder();
        var port = ((IPEndPoint)manager.LocalEndPoint!).Port;
        var (process, report) = await StartAsync(manager, folder, $"listen: http://127.0.0.1:{port}\n{Groups}");
        Assert.True(report.Status is not null, report.Error);
        using var client = new HttpClient { BaseAddress = report.Status.Uri, Timeout = RunningFrontEnd.Limit };
        Assert.Equal(port, report.Status.Uri.Port);
        Assert.Equal(10, (await client.GetByteArrayAsync("/bytes?n=10")).Length);
        foreach (var worker in report.Status.Daemons.SelectMany(daemon => daemon.ProcessId))
            Assert.DoesNotContain("LISTEN_", await File.ReadAllTextAsync($"/proc/{worker}/environ"));

        var runtime = RuntimeDirectory.Open(Path.Combine(folder, "run"));
        using (var control = new ControlClient("site", runtime)) await control.StopAsync(TimeSpan.FromSeconds(2));
        // The manager's own copy listens still: a front end that ends does not shut it down.
        using var waiting = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await waiting.ConnectAsync(IPAddress.Loopback, port).WaitAsync(RunningFrontEnd.Limit);
        await process.WaitForExitAsync().WaitAsync(RunningFrontEnd.Limit);
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("127.0.0.1:0", "and listen names no such address; name it there, or leave it out of the service manager's socket unit")]
    [InlineData(null, "is no TCP socket, but Unix Stream; a front end takes listening TCP sockets")]
    public async Task Passed_socket_that_nobody_asked_for_is_one_sentence(string? listen, string says)
    {
        Need();
        var folder = RunningFrontEnd.NewFolder();
        using var manager = listen is null ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : Listen();
        if (listen is null)
        {
            manager.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "unix")));
            manager.Listen();
        }

        var (process, report) = await StartAsync(manager, folder, $"listen: http://127.0.0.1:0\n{Groups}");

        Assert.Null(report.Status);
        Assert.Contains(says, report.Error);
        Assert.DoesNotContain("\n", report.Error);
        await process.WaitForExitAsync().WaitAsync(RunningFrontEnd.Limit);
        process.Dispose();
        manager.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Passed_socket_that_does_not_listen_is_one_sentence()
    {
        Need();
        using var listening = Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listening.LocalEndPoint!).WaitAsync(RunningFrontEnd.Limit);
        using var accepted = await listening.AcceptAsync().WaitAsync(RunningFrontEnd.Limit);
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        foreach (var (socket, says) in new[]
        {
            (accepted, $"is a connection from {accepted.RemoteEndPoint} and no listening socket"),
            (bound, $"is bound to {bound.LocalEndPoint} and does not listen"),
        })
        {
            var folder = RunningFrontEnd.NewFolder();
            var port = ((IPEndPoint)socket.LocalEndPoint!).Port;

            var (process, report) = await StartAsync(socket, folder, $"listen: http://127.0.0.1:{port}\n{Groups}");

            Assert.Equal(
                $"descriptor 3, which the service manager announces in LISTEN_FDS, {says}; a front end takes listening TCP sockets "
                + "(ListenStream with a port, Accept=no)", report.Error);
            await process.WaitForExitAsync().WaitAsync(RunningFrontEnd.Limit);
            process.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Need()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the variables of socket activation are systemd's");
        Programs.Need("python3");
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    // As systemd does: the descriptor is number 3, and the variables name the process that is executed.
    private static async Task<(Process Process, StartReport Report)> StartAsync(Socket passed, string folder, string yaml)
    {
        var file = Path.Combine(folder, "site.yaml");
        await File.WriteAllTextAsync(file, $"name: site\n{yaml}");
        var start = new ProcessStartInfo("python3",
        [
            "-c", "import os,sys\nn=int(sys.argv[1])\nos.dup2(n,3)\nos.environ.update(LISTEN_PID=str(os.getpid()),LISTEN_FDS='1')\n"
            + "os.execv(sys.argv[2],sys.argv[2:])",
            $"{passed.Handle}", RepositoryRoot.Host, "serve", file, "--background",
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
        Assert.True(SystemCalls.SetInherited((int)passed.Handle, true));
        Process process;
        try { process = Process.Start(start)!; }
        finally { _ = SystemCalls.SetInherited((int)passed.Handle, false); }
        process.StandardInput.Close();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(RunningFrontEnd.Limit);
        return (process, JsonSerializer.Deserialize(line!, ControlJson.Default.StartReport)!);
    }
}
