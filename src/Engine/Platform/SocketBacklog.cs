namespace DaemonProxy.Platform;

/// <summary>
/// Tells whether connections to a Unix socket wait for the server to accept them. The kernel completes a connection as soon as somebody
/// listens, so that a connection alone does not show that anybody serves: gunicorn listens before its workers have loaded the application.
/// </summary>
internal static class SocketBacklog
{
    private const string Table = "/proc/net/unix";

    // A connection that nobody has accepted yet has no socket of its own at the server's end: state 02 (connecting), inode 0.
    private const string Waiting = "02";

    /// <summary>Whether a connection to the socket waits to be accepted; false where the system does not tell.</summary>
    /// <param name="path">The socket's path, as it was bound.</param>
    public static bool HasWaiting(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            // Num RefCount Protocol Flags Type St Inode Path
            return File.ReadLines(Table).Any(line => line.EndsWith(path, StringComparison.Ordinal)
                && line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is
                [_, _, _, _, _, Waiting, "0", var name] && name == path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
