using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Cuts a front end loose from the console that started it: a session of its own, so that the closing terminal's hang-up does not reach it,
/// and no hold on the standard streams, so that whoever reads them sees their end.
/// </summary>
internal static partial class Detachment
{
    private const int ReadWrite = 2;

    /// <summary>Leaves the terminal's session. Before anything is started that should leave with it.</summary>
    public static void LeaveSession()
    {
        // Fails where this process leads a group already; then it has no terminal to lose.
        if (!OperatingSystem.IsWindows()) _ = SystemCalls.StartSession();
    }

    /// <summary>Turns the standard streams to nowhere. After the last word has been said on them.</summary>
    public static void LeaveStreams()
    {
        Console.Out.Flush();
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        if (OperatingSystem.IsWindows()) return;
        var nowhere = SystemCalls.OpenFile("/dev/null", ReadWrite);
        for (var stream = 0; stream <= 2; stream++) _ = SystemCalls.DuplicateDescriptor(nowhere, stream);
        _ = SystemCalls.CloseDescriptor(nowhere);
    }
}
