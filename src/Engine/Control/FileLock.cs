using System.Diagnostics;

namespace DaemonProxy.Control;

/// <summary>
/// A lock that one process holds by keeping a file open. The system releases it when the process ends, however it ends, so a held
/// lock always means a living holder.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(5);

    // How the system says "another holds it": ERROR_SHARING_VIOLATION, and EWOULDBLOCK of Linux and of the BSDs.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int WouldBlockLinux = 11;
    private const int WouldBlockDarwin = 35;

    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or returns null when another holds it.</summary>
    /// <param name="path">The file; made when it is not there.</param>
    /// <exception cref="IOException">The file can be neither opened nor made; not that another holds it.</exception>
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

    /// <summary>Takes the lock as soon as it is free, or returns null when it has not become so within the time given.</summary>
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

    /// <summary>Releases the lock; the file stays.</summary>
    public void Dispose() => _file.Dispose();
}
