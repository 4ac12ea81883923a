using System.Diagnostics;
using System.Globalization;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What tests of updates need: a front end's process changes while they look at it.</summary>
internal static class UpdatedFrontEnd
{
    /// <summary>The sample application, and one route of it that is slow enough for an update to happen in the middle.</summary>
    public const string Yaml = """
        name: site
        listen: [ "http://127.0.0.1:0" ]
        access-log: access.log
        daemons: [ { name: app, sample: true } ]
        routes:
          - { path: /, daemon: app, upgrades: echo }
          - { path: /paced, daemon: app, strip-prefix: true, rate-limit: 100KiB/s }

        """;

    /// <summary>Skips the test where no process can be replaced.</summary>
    public static void Need() => Assert.SkipUnless(OperatingSystem.IsLinux(), "the new process is looked for in /proc");

    /// <summary>Replaces the process by one of the same program.</summary>
    public static async Task<InstanceStatus> UpdateAsync(this RunningFrontEnd frontEnd, TimeSpan? within = null)
    {
        using var client = frontEnd.NewControl();
        return await client.UpdateAsync(null, within);
    }

    /// <summary>A client of the control socket that has no connection yet.</summary>
    public static ControlClient NewControl(this RunningFrontEnd frontEnd) =>
        new(frontEnd.Status.Name, RuntimeDirectory.Open(Path.Combine(frontEnd.Folder, "run"))) { Timeout = 3 * RunningFrontEnd.Limit };

    /// <summary>The status of whichever process serves now.</summary>
    public static async Task<InstanceStatus> StatusAsync(this RunningFrontEnd frontEnd)
    {
        using var client = frontEnd.NewControl();
        return await client.GetStatusAsync();
    }

    /// <summary>Waits for the process that is to take a front end's place.</summary>
    public static async Task<int> SuccessorAsync(int process)
    {
        int? found = null;
        await RunningFrontEnd.UntilAsync(() => (found = SuccessorOf(process)) is not null, "the new process");
        return found!.Value;
    }

    private static int? SuccessorOf(int process)
    {
        foreach (var thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            try
            {
                foreach (var child in File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (File.ReadAllText($"/proc/{child}/cmdline").Contains("\0--replace=", StringComparison.Ordinal))
                        return int.Parse(child, CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // The thread or the child has ended.
            }
        }
        return null;
    }

    /// <summary>Waits until a process has ended.</summary>
    public static Task GoneAsync(int process) =>
        RunningFrontEnd.UntilAsync(() => !RunningFrontEnd.IsAlive(process), $"the end of process {process}");

    /// <summary>Sends a signal to whichever process serves now.</summary>
    public static void Send(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        kill.WaitForExit(RunningFrontEnd.Limit);
        Assert.Equal(0, kill.ExitCode);
    }
}
