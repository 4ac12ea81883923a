using System.Globalization;
using System.Net.Sockets;

namespace DaemonProxy.Host.Hosting;

/// <summary>Opens a Unix socket that only its owner can connect to. .NET removes the socket file when the socket is disposed.</summary>
internal static class UnixListenSocket
{
    /// <summary>Binds and listens; replaces a socket file left by a dead process.</summary>
    /// <exception cref="ServerStartException">Another process listens on the socket, or the path cannot be used.</exception>
    public static ListenSocket Open(string path, int backlog)
    {
        var bound = Bind(path);
        try
        {
            bound.Socket.Listen(backlog);
            return bound;
        }
        catch (SocketException e)
        {
            bound.Socket.Dispose();
            throw new ServerStartException(Describe(path, e), e);
        }
    }

    /// <summary>
    /// The same, and the file stays when the socket is disposed, for a socket that another process may go on listening on. Unix.
    /// </summary>
    /// <exception cref="ServerStartException">Another process listens on the socket, or the path cannot be used.</exception>
    public static ListenSocket BindLasting(string path)
    {
        if (OperatingSystem.IsWindows()) return Bind(path);
        RemoveStale(path, EndPointOf(path));
        // .NET removes the name that the socket was bound to, which is another one by then; and this process's own, because a front end
        // that has been replaced may end while another one opens its socket. No longer than control.sock, for the limit of such paths.
        var first = Path.Combine(Path.GetDirectoryName(path)!, string.Create(CultureInfo.InvariantCulture, $"s~{Environment.ProcessId}"));
        File.Delete(first);
        var bound = Bind(first);
        try { File.Move(first, path, overwrite: true); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            bound.Socket.Dispose();
            throw new ServerStartException($"the socket {path} cannot be made: {failure.Message}", failure);
        }
        return bound with { EndPoint = EndPointOf(path) };
    }

    /// <summary>Binds, so that the path is taken; nobody can connect yet. Replaces a socket file left by a dead process.</summary>
    /// <exception cref="ServerStartException">Another process listens on the socket, or the path cannot be used.</exception>
    public static ListenSocket Bind(string path)
    {
        var endPoint = EndPointOf(path);
        RemoveStale(path, endPoint);

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            // Nobody can connect before Listen, so there is no moment at which other users could.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return new ListenSocket(socket, endPoint, IsHttps: false);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ServerStartException(Describe(path, e), e);
        }
    }

    private static UnixDomainSocketEndPoint EndPointOf(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new ServerStartException(
                $"the socket path {path} is longer than the system allows (about 100 bytes); choose a shorter one", e);
        }
    }

    private static void RemoveStale(string path, UnixDomainSocketEndPoint endPoint)
    {
        if (!File.Exists(path))
            return;

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsEmpty(path))
        {
            // A socket whose process is gone refuses connections. So does a regular file, which somebody may miss later.
            File.Delete(path);
            return;
        }
        catch (SocketException e)
        {
            throw new ServerStartException(
                $"{path} is there and is not a socket that can be replaced; choose another path, or remove it", e);
        }

        throw new ServerStartException($"the socket {path} is in use by another process; choose another path, or stop what uses it");
    }

    private static bool IsEmpty(string path) => new FileInfo(path).Length == 0;

    private static string Describe(string path, SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"the socket {path} is in use by another process; choose another path, or stop what uses it",
        SocketError.AccessDenied => $"the socket {path} may not be made by this user; choose a folder that this user can write to",
        _ when !Directory.Exists(Path.GetDirectoryName(path)) =>
            $"the socket {path} cannot be made, because its folder does not exist; make the folder, or choose another path",
        _ => $"the socket {path} cannot be listened on: {e.Message}",
    };
}
