using System.Runtime.InteropServices;
using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// A worker's link to the front end that started it: the lifeline, whose end means that the front end has gone, and the event channel. Both
/// arrive as standard input and output and are moved to descriptors of their own before anything else happens. Whatever the application or
/// its children write to 1 or 2 is therefore plain output, a read from 0 finds end of file, and no program that a child executes holds
/// either descriptor.
/// </summary>
/// <param name="Lifeline">Ends with the front end; null for a daemon started by hand.</param>
/// <param name="Events">Where events go.</param>
/// <param name="Greeting">The message from the front end; null for a daemon started by hand.</param>
internal sealed record FrontEndLink(Stream? Lifeline, WorkerEvents Events, WorkerGreeting? Greeting)
{
    private const int ReadWrite = 2;

    // Above the range that programs rely on; select() handles 1,024.
    private const int FirstOwn = 64;
    private static readonly int DuplicateCloseOnExec = OperatingSystem.IsMacOS() ? 67 : 1030; // F_DUPFD_CLOEXEC

    /// <summary>Takes over the link. Must be called before anything has been read or written.</summary>
    /// <exception cref="ServerStartException">There is no front end at the other end.</exception>
    public static FrontEndLink Take()
    {
        Stream lifeline, channel;
        if (OperatingSystem.IsWindows())
        {
            // No descriptor can be moved on this platform; the application's output still goes to the log, because sys.stdout belongs to
            // the adapter.
            (lifeline, channel) = (Console.OpenStandardInput(), Console.OpenStandardOutput());
        }
        else
        {
            lifeline = Move(0, FileAccess.Read);
            channel = Move(1, FileAccess.Write);
            var nowhere = SystemCalls.OpenFile("/dev/null", ReadWrite);
            _ = SystemCalls.DuplicateDescriptor(nowhere, 0);
            _ = SystemCalls.DuplicateDescriptor(2, 1);
            if (nowhere > 2) _ = SystemCalls.CloseDescriptor(nowhere);
        }
        return WorkerGreeting.Parse(ReadLine(lifeline)) is { } greeting
            ? new(lifeline, WorkerEvents.ToFrontEnd(channel), greeting)
            : throw new ServerStartException(
                "daemon --front-end is for the front end alone, which says a line on standard input; leave it out to run a daemon by hand");
    }

    /// <summary>Creates the link of a daemon started by hand.</summary>
    /// <param name="lifeline">The stream whose end ends the daemon; null: none.</param>
    public static FrontEndLink ByHand(Stream? lifeline) => new(lifeline, WorkerEvents.ToPeople(Console.Error), null);

    private static FileStream Move(int descriptor, FileAccess access)
    {
        var own = SystemCalls.ControlDescriptor(descriptor, DuplicateCloseOnExec, FirstOwn);
        return own >= 0 ? new FileStream(new SafeFileHandle(own, ownsHandle: true), access, bufferSize: 0)
            : throw new ServerStartException(
                $"descriptor {descriptor} of this daemon cannot be moved: {Marshal.GetLastPInvokeErrorMessage()}; "
                + "raise the limit of open files");
    }

    // Read byte by byte: everything after the line belongs to the lifeline.
    private static string ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int next; line.Length < WorkerGreeting.LongestLine && (next = stream.ReadByte()) >= 0 && next != '\n';)
            line.Append((char)next);
        return line.ToString();
    }
}
