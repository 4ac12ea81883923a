using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What a front end tells the service manager that has started it.</summary>
public sealed class ServiceManagerTests
{
    [Fact]
    public async Task Service_manager_hears_when_it_serves_and_when_it_ends_and_daemons_hear_nothing_of_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the socket of NOTIFY_SOCKET is Linux's");
        var folder = RunningFrontEnd.NewFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using var process = StartService(folder, manager);

        var ready = await SaidAsync(manager);
        var events = Path.Combine(folder, "run", "site", "events.log");
        var kept = File.Exists(events);
        var daemons = DaemonsOf(process.Id).Select(id => File.ReadAllText($"/proc/{id}/environ")).ToList();
        using (Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) { }
        var stopping = await SaidAsync(manager);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(RunningFrontEnd.Limit, TestContext.Current.CancellationToken);

        Assert.StartsWith("READY=1\nSTATUS=serves http://127.0.0.1:", ready);
        Assert.StartsWith("STOPPING=1\n", stopping);
        Assert.Equal(0, process.ExitCode);
        Assert.True(kept, "Get-DaemonProxyEvent finds no event log");
        Assert.NotEmpty(daemons);
        Assert.All(daemons, environment => Assert.DoesNotContain("NOTIFY_SOCKET", environment));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Service_manager_hears_which_process_is_the_main_one_before_the_new_one_speaks()
    {
        UpdatedFrontEnd.Need();
        var folder = RunningFrontEnd.NewFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using var process = StartService(folder, manager);
        Assert.StartsWith("READY=1\n", await SaidAsync(manager));

        UpdatedFrontEnd.Send(process.Id, "USR2");
        var main = await SaidAsync(manager);
        Assert.Equal("BARRIER=1", await SaidAsync(manager));
        var ready = await SaidAsync(manager);
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        await process.WaitForExitAsync(limit.Token);

        var next = int.Parse(main["MAINPID=".Length..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.NotEqual(process.Id, next);
        Assert.StartsWith("READY=1\nSTATUS=serves http://127.0.0.1:", ready);
        Assert.EndsWith($"\nMAINPID={next}", ready);
        // The old one has said nothing about its own end: the service goes on.
        UpdatedFrontEnd.Send(next, "TERM");
        Assert.StartsWith("STOPPING=1\n", await SaidAsync(manager));
        await UpdatedFrontEnd.GoneAsync(next);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Stop_of_a_service_manager_that_has_not_heard_of_the_new_process_yet_ends_both()
    {
        UpdatedFrontEnd.Need();
        var folder = RunningFrontEnd.NewFolder();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using var process = StartService(folder, manager);
        Assert.StartsWith("READY=1\n", await SaidAsync(manager));

        UpdatedFrontEnd.Send(process.Id, "USR2");
        var next = int.Parse((await SaidAsync(manager))["MAINPID=".Length..], System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            await RunningFrontEnd.UntilAsync(() => manager.Available > 0, "the barrier");
            // As long as the manager holds this, it has not read what was said before.
            using (new SafeFileHandle(DescriptorPassing.Receive(manager), ownsHandle: true))
            {
                UpdatedFrontEnd.Send(process.Id, "TERM");
                Assert.StartsWith("STOPPING=1\n", await SaidAsync(manager));
            }

            using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
            await process.WaitForExitAsync(limit.Token);
            await UpdatedFrontEnd.GoneAsync(next);
        }
        finally
        {
            if (RunningFrontEnd.IsAlive(next)) UpdatedFrontEnd.Send(next, "TERM");
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Front_end_in_the_foreground_is_not_replaced_and_says_why()
    {
        UpdatedFrontEnd.Need();
        var folder = RunningFrontEnd.NewFolder();
        var start = new ProcessStartInfo(RepositoryRoot.Host, ["serve", "--name", "site"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        Assert.StartsWith("'site' serves ", await process.StandardOutput.ReadLineAsync(limit.Token));
        using var control = new DaemonProxy.Control.ControlClient(
            "site", DaemonProxy.Control.RuntimeDirectory.Open(Path.Combine(folder, "run")));

        var refusal = await Assert.ThrowsAsync<DaemonProxy.Control.ControlException>(() => control.UpdateAsync(null, null));

        Assert.Equal("'site' serves as before: the front end runs in the foreground, and whoever waits for its process would see it end; "
            + "start it again, and with --detach or as a service of systemd it can be updated", refusal.Message);
        Assert.Equal(process.Id, (await control.GetStatusAsync()).ProcessId);
        await control.StopAsync(TimeSpan.Zero);
        await process.WaitForExitAsync(limit.Token);
        Directory.Delete(folder, recursive: true);
    }

    private static Process StartService(string folder, Socket manager)
    {
        var address = Path.Combine(folder, "notify");
        manager.Bind(new UnixDomainSocketEndPoint(address));
        var start = new ProcessStartInfo(RepositoryRoot.Host, ["serve", "--name", "site", "--service"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
        start.Environment["NOTIFY_SOCKET"] = address;
        return Process.Start(start)!;
    }

    private static async Task<string> SaidAsync(Socket manager)
    {
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        return Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, limit.Token));
    }

    private static IEnumerable<int> DaemonsOf(int process) =>
        Directory.GetDirectories($"/proc/{process}/task")
            .SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(int.Parse);
}
