using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// Whether a process is running. A zombie, which has ended but whose parent has not yet collected its exit code, is not. Under a process 1
/// that never collects any, as in many containers, a zombie stays in the process list for good.
/// </summary>
public static class ProcessLife
{
    // For SystemCalls.ProcessInformation(2): the flavour, the size of its structure, and its second field, the state.
    private const int BasicInformation = 3;
    private const int BasicInformationSize = 136;
    private const int StateOffset = 4;
    private const uint ZombieState = 5;
    private const int NoSuchProcess = 3;

    /// <summary>Whether a process exists and has not ended.</summary>
    public static bool IsRunning(int processId)
    {
        try
        {
            using var found = Process.GetProcessById(processId);
            return !found.HasExited && !IsZombie(processId);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (Win32Exception)
        {
            // The process belongs to another user, who does not permit a look at it.
            return true;
        }
    }

    /// <summary>
    /// Whether a process is the one of a program, and not another one that was given its number: by its command line, which may name the
    /// program after a runtime; outside Linux by its name alone.
    /// </summary>
    /// <param name="processId">The process.</param>
    /// <param name="program">What is in its command line.</param>
    internal static bool IsCalled(int processId, string program)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return File.ReadAllText($"/proc/{processId}/cmdline").Contains(program, StringComparison.OrdinalIgnoreCase);
            using var found = Process.GetProcessById(processId);
            return found.ProcessName.Contains(program, StringComparison.OrdinalIgnoreCase) || found.ProcessName == "dotnet";
        }
        catch (Exception gone)
            when (gone is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    private static bool IsZombie(int processId)
    {
        if (OperatingSystem.IsLinux())
        {
            try { return IsZombie(File.ReadAllText($"/proc/{processId}/stat")); }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException) { return true; }
            // It ended while it was being read (ESRCH), or may not be read at all.
            catch (Exception error)
                when (error is IOException or UnauthorizedAccessException)
            { return !Directory.Exists($"/proc/{processId}"); }
        }
        return OperatingSystem.IsMacOS() && IsMacZombie(processId);
    }

    /// <summary>
    /// Whether a line of <c>/proc/PID/stat</c> describes an ended process (proc(5)): states Z and X, after the name in brackets, which may
    /// itself contain brackets.
    /// </summary>
    internal static bool IsZombie(string stat)
    {
        var state = stat.AsSpan(stat.LastIndexOf(')') + 1).TrimStart();
        return !state.IsEmpty && state[0] is 'Z' or 'X' or 'x';
    }

    private static unsafe bool IsMacZombie(int processId)
    {
        var information = stackalloc byte[BasicInformationSize];
        var size = SystemCalls.ProcessInformation(processId, BasicInformation, 0, information, BasicInformationSize);
        if (size <= 0) return Marshal.GetLastPInvokeError() == NoSuchProcess;
        return size == BasicInformationSize
            && BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(information + StateOffset, sizeof(uint))) == ZombieState;
    }
}
