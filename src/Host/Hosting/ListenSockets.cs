using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;

namespace DaemonProxy.Host.Hosting;

/// <summary>A listening socket and the address that it was opened for.</summary>
/// <param name="Socket">Bound and listening; owned by the server once the server has taken it.</param>
/// <param name="EndPoint">The address that it is bound to, with the actual port.</param>
/// <param name="IsHttps">Whether the socket speaks TLS.</param>
internal sealed record ListenSocket(Socket Socket, EndPoint EndPoint, bool IsHttps)
{
    /// <summary>The address of the configuration that it was opened for; null: for none, as a control socket.</summary>
    public ListenAddress? Address { get; init; }
}

/// <summary>
/// Opens the sockets that a server listens on. This happens before Kestrel starts, so that each failure is one sentence about one address,
/// and so that <c>localhost</c> with port 0 gets the same port for both loopbacks, which Kestrel refuses to do.
/// </summary>
internal static class ListenSockets
{
    /// <summary>The number of connections that may wait to be accepted; the system's own maximum may be lower.</summary>
    public const int Backlog = 512;

    private const int LocalhostPortTries = 20;

    /// <summary>Opens all sockets or none.</summary>
    /// <param name="addresses">The TCP addresses.</param>
    /// <param name="unixSocket">Full path of a Unix socket; null: none.</param>
    /// <param name="handed">Sockets that are open already, of which those for the addresses are taken; null: there are none.</param>
    /// <exception cref="ServerStartException">An address cannot be listened on.</exception>
    public static List<ListenSocket> Open(IEnumerable<ListenAddress> addresses, string? unixSocket, HandedSockets? handed = null)
    {
        var opened = new List<ListenSocket>();
        try
        {
            foreach (var address in addresses)
                opened.AddRange(handed?.Take(address) ?? Open(address, handed));
            if (unixSocket is not null)
                opened.Add(UnixListenSocket.Open(unixSocket, Backlog));
            return opened;
        }
        catch
        {
            foreach (var one in opened)
                one.Socket.Dispose();
            throw;
        }
    }

    private static IReadOnlyList<ListenSocket> Open(ListenAddress address, HandedSockets? handed)
    {
        try
        {
            if (address.Host == "*")
                return [OpenOnAnyInterface(address)];
            if (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
                return OpenOnLoopbacks(address);
            if (IPAddress.TryParse(address.Host, out var ip))
                return [Bind(address, ip, address.Port)];
        }
        catch (SocketException e)
        {
            throw new ServerStartException(
                handed?.Obstacle(address) ?? Describe(address, e.SocketErrorCode, e.Message), e);
        }

        throw new ServerStartException(
            $"{address} cannot be listened on, because {address.Host} is not an IP address; use an IP address, localhost, or * for every "
                + "interface");
    }

    private static ListenSocket OpenOnAnyInterface(ListenAddress address)
    {
        if (Socket.OSSupportsIPv6)
        {
            try
            {
                return Bind(address, IPAddress.IPv6Any, address.Port);
            }
            catch (SocketException e) when (IsWithoutThisFamily(e))
            {
                // IPv6 is compiled in but switched off, as in containers: IPv4 then covers all interfaces.
            }
        }

        return Bind(address, IPAddress.Any, address.Port);
    }

    private static IReadOnlyList<ListenSocket> OpenOnLoopbacks(ListenAddress address)
    {
        for (var tries = 1; ; tries++)
        {
            var v4 = Bind(address, IPAddress.Loopback, address.Port);
            try
            {
                return [v4, Bind(address, IPAddress.IPv6Loopback, ((IPEndPoint)v4.EndPoint).Port)];
            }
            catch (SocketException e) when (IsWithoutThisFamily(e))
            {
                return [v4];
            }
            catch (SocketException e)
            {
                v4.Socket.Dispose();
                var anotherPortMayDo = address.Port == 0 && e.SocketErrorCode == SocketError.AddressAlreadyInUse;
                if (!anotherPortMayDo || tries == LocalhostPortTries)
                    throw;
            }
        }
    }

    private static ListenSocket Bind(ListenAddress address, IPAddress ip, int port)
    {
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (ip.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            // Elsewhere this would forbid ports with connections in TIME_WAIT, and so a quick restart; on Windows it keeps
            // another process from sharing the port.
            if (OperatingSystem.IsWindows())
                socket.ExclusiveAddressUse = true;
            socket.Bind(new IPEndPoint(ip, port));
            // Two processes may both bind a port on which neither listens yet; the loser of that race finds out here.
            socket.Listen(Backlog);
            return new ListenSocket(socket, socket.LocalEndPoint!, address.Scheme == "https") { Address = address };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsWithoutThisFamily(SocketException e) =>
        e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;

    private static string Describe(ListenAddress address, SocketError error, string systemMessage) => error switch
    {
        SocketError.AddressAlreadyInUse =>
            $"{address} is in use by another process; choose another port in listen, or stop what uses it ({WhoListens} shows it)",
        SocketError.AccessDenied =>
            $"{address} may not be listened on by this user; choose a port of 1024 or above in listen{HowToAllowLowPorts}",
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported =>
            $"{address} is not an address of this computer; choose one that it has in listen, or * for every interface",
        _ => $"{address} cannot be listened on: {systemMessage}",
    };

    private static string WhoListens =>
        OperatingSystem.IsLinux() ? "ss -ltnp" : OperatingSystem.IsWindows() ? "netstat -ano" : "lsof -nP -iTCP -sTCP:LISTEN";

    private static string HowToAllowLowPorts =>
        OperatingSystem.IsLinux() ? ", or give the program the capability CAP_NET_BIND_SERVICE" : string.Empty;
}
