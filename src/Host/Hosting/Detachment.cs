using System.Runtime.InteropServices;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Cuts a front end loose from the console that started it: a session of its own, so that the closing terminal's hang-up does not reach it, and no
/// hold on the standard streams, so that whoever reads them sees their end.
/// </summary>
internal static partial class Detachment
{
    private const int ReadWrite = 2;

    /// <summary>Leaves the terminal's session. Before anything is started that should leave with it.</summary>
    public static void LeaveSession()
    {
        // Fails where this process leads a group already; then it has no terminal to lose.
        if (!OperatingSystem.IsWindows()) _ = NewSession();
    }

    /// <summary>Turns the standard streams to nowhere. After the last word has been said on them.</summary>
    public static void LeaveStreams()
    {
        Console.Out.Flush();
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        if (OperatingSystem.IsWindows()) return;
        var nowhere = Open("/dev/null", ReadWrite);
        for (var stream = 0; stream <= 2; stream++) _ = Duplicate(nowhere, stream);
        _ = Close(nowhere);
    }

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int NewSession();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
