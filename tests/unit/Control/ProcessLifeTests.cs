using System.Diagnostics;
using DaemonProxy.Control;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace DaemonProxy.Tests.Control;

/// <summary>Which processes run. A zombie, as there are for good below a process 1 that reaps none, does not.</summary>
public sealed class ProcessLifeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("17 (daemonproxy) S 1 17 17 0", false)]
    [InlineData("17 (daemonproxy) R 1 17 17 0", false)]
    [InlineData("17 (daemonproxy) D 1 17 17 0", false)]
    [InlineData("17 (daemonproxy) T 1 17 17 0", false)]
    [InlineData("17 (daemonproxy) Z 1 17 17 0", true)]
    [InlineData("17 (daemonproxy) X 1 17 17 0", true)]
    [InlineData("17 (a) Z 1 (b) S 1 17 17 0", false)]
    [InlineData("17 (a) S 1 (b) Z 1 17 17 0", true)]
    [InlineData("", false)]
    public void State_is_read_behind_the_name_whatever_is_in_it(string stat, bool isZombie) =>
        Assert.Equal(isZombie, ProcessLife.IsZombie(stat));

    [Fact]
    public void This_process_runs_and_one_that_was_never_there_does_not()
    {
        Assert.True(ProcessLife.IsRunning(Environment.ProcessId));
        Assert.False(ProcessLife.IsRunning(int.MaxValue));
    }

    [Fact]
    public async Task Zombie_does_not_run_and_a_front_end_that_is_one_has_stopped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the state of a process is read from /proc");
        // A parent that never asks for its child's exit code: it ends when the shell is a program that reaps nobody, and stays.
        using var parent = Process.Start(
            new ProcessStartInfo("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"]) { RedirectStandardOutput = true })!;
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            var child = int.Parse(
                (await parent.StandardOutput.ReadLineAsync(limit.Token))!, System.Globalization.CultureInfo.InvariantCulture);
            while (!File.ReadAllText($"/proc/{child}/stat").Contains(") Z ", StringComparison.Ordinal)) await Task.Delay(10, limit.Token);
            Assert.False(ProcessLife.IsRunning(child));

            using var scratch = new ScratchDirectory();
            await using var server = await ControlServer.StartAsync(scratch.Runtime, "site", async (context, instance) =>
            {
                await context.Response.WriteAsJsonAsync(ControlServer.Status("site", child), ControlJson.Default.InstanceStatus);
                instance.Dispose();
            });
            using var client = new ControlClient("site", scratch.Runtime);
            Assert.Equal(child, (await client.StopAsync(TimeSpan.Zero, limit.Token)).ProcessId);
        }
        finally
        {
            parent.Kill();
        }
    }
}
