using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Host.Hosting;

/// <summary>Opens what a log goes to.</summary>
internal static class LogOutputs
{
    /// <summary>Opens a log's output.</summary>
    /// <param name="target">Where it goes.</param>
    /// <param name="options">How a file is rotated.</param>
    /// <param name="tag">The program's name for the system's log.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to it is not permitted.</exception>
    public static ILogOutput Open(LogTarget target, LogOptions options, string tag, TimeProvider time) => target.Kind switch
    {
        LogTargetKind.StandardOutput => new LogStream(Console.OpenStandardOutput(), IsJournal(descriptor: 1)),
        LogTargetKind.Syslog => new SyslogSocket(target.Path ?? SyslogSocket.DefaultPath, tag, time),
        _ => new RotatingFile(target.Path!, options.Size, options.Keep),
    };

    /// <summary>The terminal, or whatever else standard error leads to.</summary>
    public static ILogOutput Terminal() => new LogStream(Console.OpenStandardError(), IsJournal(descriptor: 2));

    /// <summary>
    /// Whether a standard stream is connected to systemd's journal: JOURNAL_STREAM has its device and inode (systemd.exec(5)), and a
    /// child whose stream leads elsewhere inherits the variable too.
    /// </summary>
    private static bool IsJournal(int descriptor)
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("JOURNAL_STREAM") is not { } journal) return false;
        var link = new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"));
        return link.LinkTarget == $"socket:[{journal[(journal.IndexOf(':', StringComparison.Ordinal) + 1)..]}]";
    }
}
