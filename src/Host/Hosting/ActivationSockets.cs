using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The sockets that a service manager listens on for this process (systemd's socket activation, sd_listen_fds(3)): the descriptors from 3
/// on. Connections wait in them while the front end is not running.
/// </summary>
internal static class ActivationSockets
{
    private const string Process = "LISTEN_PID";
    private const string Count = "LISTEN_FDS";
    private const string Names = "LISTEN_FDNAMES";
    private const int First = 3;

    /// <summary>
    /// Takes the sockets, and removes the variables that announce them, so that daemons do not take them for theirs. Null: there are none.
    /// </summary>
    /// <exception cref="ServerStartException">One of them is nothing that a front end can listen on.</exception>
    public static HandedSockets? Take()
    {
        if (OperatingSystem.IsWindows()) return null;
        var process = Environment.GetEnvironmentVariable(Process);
        var count = Environment.GetEnvironmentVariable(Count);
        foreach (var name in new[] { Process, Count, Names })
        {
            Environment.SetEnvironmentVariable(name, null);
            // For Python, which reads the C library's environment.
            _ = SystemCalls.RemoveVariable(name);
        }
        // They are passed on to any program that is executed, and mean the one with this number.
        if (process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            return null;
        var taken = new HandedSockets([]);
        try
        {
            for (var descriptor = First; descriptor < First + number; descriptor++) taken.Add(Open(descriptor));
            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    private static ListenSocket Open(int descriptor)
    {
        if (!SystemCalls.SetInherited(descriptor, false))
            throw Refusal(descriptor, $"is not open ({Marshal.GetLastPInvokeErrorMessage()})");
        Socket socket;
        try { socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)); }
        catch (SocketException failure) { throw Refusal(descriptor, $"is no socket ({failure.Message})", failure); }
        if (socket is not { SocketType: SocketType.Stream, LocalEndPoint: IPEndPoint bound })
        {
            using (socket) throw Refusal(descriptor, $"is no TCP socket, but {socket.AddressFamily} {socket.SocketType}");
        }
        if (Listens(socket)) return new(socket, bound, IsHttps: false);
        // With Accept=yes the manager accepts, and starts the service for each connection.
        using (socket)
            throw Refusal(descriptor, socket.Connected ? $"is a connection from {socket.RemoteEndPoint} and no listening socket"
                : $"is bound to {bound} and does not listen");
    }

    private static bool Listens(Socket socket) =>
        socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0;

    private static ServerStartException Refusal(int descriptor, string why, Exception? cause = null) => new(
        $"descriptor {descriptor}, which the service manager announces in {Count}, {why}; a front end takes listening TCP sockets "
        + "(ListenStream with a port, Accept=no)", cause);
}
