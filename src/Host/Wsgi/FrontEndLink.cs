using System.Runtime.InteropServices;
using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// A worker's link to the front end that started it: the lifeline, whose end means that the front end has gone, and the channel for events.
/// Both come as standard input and output and are moved to descriptors of their own before anything else is done: what the application or
/// its children write to 1 or 2 is output and nothing else, reading 0 finds its end, and no program that a child becomes holds either.
/// </summary>
/// <param name="Lifeline">Ends with the front end; null for a daemon that somebody started by hand.</param>
/// <param name="Events">Where events go.</param>
/// <param name="Greeting">What the front end has told; null for a daemon that somebody started by hand.</param>
internal sealed partial record FrontEndLink(Stream? Lifeline, WorkerEvents Events, WorkerGreeting? Greeting)
{
    private const int ReadWrite = 2;

    // Above what programs count on having; select() takes 1,024.
    private const int FirstOwn = 64;
    private static readonly int DuplicateCloseOnExec = OperatingSystem.IsMacOS() ? 67 : 1030; // F_DUPFD_CLOEXEC

    /// <summary>Takes the link over. Before anything has been read or written.</summary>
    /// <exception cref="ServerStartException">There is no front end at the other end.</exception>
    public static FrontEndLink Take()
    {
        Stream lifeline, channel;
        if (OperatingSystem.IsWindows())
        {
            // No descriptor can be moved there; what the application prints goes to the log all the same, as sys.stdout is the adapter's.
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

    /// <summary>Of a daemon that somebody started by hand.</summary>
    /// <param name="lifeline">Whose end ends it; null: nothing's does.</param>
    public static FrontEndLink ByHand(Stream? lifeline) => new(lifeline, WorkerEvents.ToPeople(Console.Error), null);

    private static FileStream Move(int descriptor, FileAccess access)
    {
        var own = SystemCalls.ControlDescriptor(descriptor, DuplicateCloseOnExec, FirstOwn);
        return own >= 0 ? new FileStream(new SafeFileHandle(own, ownsHandle: true), access, bufferSize: 0)
            : throw new ServerStartException(
            $"descriptor {descriptor} of this daemon cannot be moved: {Marshal.GetLastPInvokeErrorMessage()}; raise the limit of open "
            + "files");
    }

    // Byte by byte: what comes after the line is the lifeline's.
    private static string ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int next; line.Length < WorkerGreeting.LongestLine && (next = stream.ReadByte()) >= 0 && next != '\n';)
            line.Append((char)next);
        return line.ToString();
    }
}
