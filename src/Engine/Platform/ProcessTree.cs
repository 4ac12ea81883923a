using System.ComponentModel;
using System.Diagnostics;

namespace DaemonProxy.Platform;

/// <summary>Ends a daemon with all that it has started.</summary>
internal static partial class ProcessTree
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    /// <summary>Asks the daemon to end; it sees to its children itself. Where there is no asking (Windows) it does nothing.</summary>
    public static void Terminate(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited) _ = SystemCalls.SendSignal(process.Id, SigTerm);
    }

    /// <summary>Kills what is left of the daemon and of its process group.</summary>
    public static void Kill(Process process)
    {
        try
        {
            // The shim made the daemon the leader of a group; the group outlives its leader as long as a child of it does.
            if (!OperatingSystem.IsWindows()) _ = SystemCalls.SendSignal(-process.Id, SigKill);
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception)
        {
            // It has ended in this very moment, which is what was wanted.
        }
    }
}
