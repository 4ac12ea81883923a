using System.ComponentModel;
using System.Diagnostics;

namespace DaemonProxy.Platform;

/// <summary>Ends a daemon together with every process that it has started.</summary>
internal static class ProcessTree
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    /// <summary>
    /// Asks the daemon to end; the daemon takes care of its children. Does nothing on Windows, where a process cannot be asked.
    /// </summary>
    public static void Terminate(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited) _ = SystemCalls.SendSignal(process.Id, SigTerm);
    }

    /// <summary>Kills the daemon and the rest of its process group.</summary>
    public static void Kill(Process process)
    {
        try
        {
            // The shim made the daemon the leader of a group; the group outlives its leader for as long as one of its children does.
            if (!OperatingSystem.IsWindows()) _ = SystemCalls.SendSignal(-process.Id, SigKill);
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception)
        {
            // It ended at this very moment, which is what was wanted.
        }
    }
}
