using System.Diagnostics;
using System.Runtime.InteropServices;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;

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

    /// <summary>
    /// A lock that another process has passed to this one. Both hold it: it is free when neither has the file open any more.
    /// </summary>
    /// <param name="passed">The open file; the lock owns it.</param>
    public static FileLock From(SafeFileHandle passed) => new(new FileStream(passed, FileAccess.ReadWrite, bufferSize: 0));

    /// <summary>The open file, for passing the lock to another process.</summary>
    public SafeHandle Handle => _file.SafeFileHandle;

    /// <summary>Closes the file without releasing the lock, which another process holds as well. Unix.</summary>
    public void Leave()
    {
        // Disposing would unlock explicitly, and so for all that hold it.
        var descriptor = (int)Handle.DangerousGetHandle();
        Handle.SetHandleAsInvalid();
        _ = SystemCalls.CloseDescriptor(descriptor);
        _file.Dispose();
    }

    /// <summary>Releases the lock; the file remains.</summary>
    public void Dispose() => _file.Dispose();
}
