using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Detaches a front end from the console that started it: gives it a session of its own, so that the hang-up of a closing terminal does not
/// reach it, and releases the standard streams, so that their readers see the end.
/// </summary>
internal static class Detachment
{
    private const int ReadWrite = 2;

    /// <summary>Leaves the terminal's session. Must be called before starting anything that should leave with it.</summary>
    public static void LeaveSession()
    {
        // Fails when this process already leads a group; in that case it has no terminal to lose.
        if (!OperatingSystem.IsWindows()) _ = SystemCalls.StartSession();
    }

    /// <summary>Redirects the standard streams to the null device. Must be called after the last output on them.</summary>
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
