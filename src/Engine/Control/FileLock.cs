using System.Diagnostics;

namespace DaemonProxy.Control;

/// <summary>
/// A lock that a process holds by keeping a file open. The system releases it when the process ends for any reason, so a held lock always
/// has a living holder.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(5);

    // How each system reports that another process holds the lock: ERROR_SHARING_VIOLATION, and the EWOULDBLOCK of Linux and of the BSDs.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int WouldBlockLinux = 11;
    private const int WouldBlockDarwin = 35;

    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock; returns null when another process holds it.</summary>
    /// <param name="path">The file; created when it does not exist.</param>
    /// <exception cref="IOException">The file can be neither opened nor created. Not thrown when another process holds the
    /// lock.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened.</exception>
    public static FileLock? TryTake(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileLock(new FileStream(path, options));
        }
        catch (IOException error) when (error.HResult is SharingViolation or WouldBlockLinux or WouldBlockDarwin)
        {
            return null;
        }
    }

    /// <summary>Takes the lock as soon as it is free; returns null when it is still held at the time limit.</summary>
    public static FileLock? Take(string path, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } taken)
                return taken;
            if (Stopwatch.GetElapsedTime(start) > limit)
                return null;
#pragma warning disable RS0030 // Another process holds the file: no clock of ours makes it let go.
            Thread.Sleep(BetweenTries);
#pragma warning restore RS0030
        }
    }

    /// <summary>Releases the lock; the file remains.</summary>
    public void Dispose() => _file.Dispose();
}
