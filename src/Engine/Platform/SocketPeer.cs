using System.Buffers.Binary;
using System.Net.Sockets;

namespace DaemonProxy.Platform;

/// <summary>The process at the other end of a Unix socket, as the system recorded it when the connection was made (unix(7)).</summary>
/// <param name="Process">The process.</param>
/// <param name="User">Its effective user.</param>
internal readonly record struct SocketPeer(int Process, uint User)
{
    private const int LinuxCredentials = 17; // SO_PEERCRED of SOL_SOCKET, 1: struct ucred
    private const int DarwinCredentials = 1; // LOCAL_PEERCRED of SOL_LOCAL, 0: struct xucred
    private const int DarwinProcess = 2; // LOCAL_PEERPID
    private const int DarwinCredentialsSize = 76;

    /// <summary>Asks the system; null: it does not tell.</summary>
    public static SocketPeer? From(Socket connection)
    {
        Span<byte> answer = stackalloc byte[DarwinCredentialsSize];
        try
        {
            if (OperatingSystem.IsLinux())
                return connection.GetRawSocketOption(1, LinuxCredentials, answer[..12]) == 12 ? new(Number(answer), UserAt(answer)) : null;
            if (!OperatingSystem.IsMacOS() || connection.GetRawSocketOption(0, DarwinProcess, answer[..4]) != 4) return null;
            var process = Number(answer);
            return connection.GetRawSocketOption(0, DarwinCredentials, answer) >= 8 ? new(process, UserAt(answer)) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static int Number(ReadOnlySpan<byte> answer) => BinaryPrimitives.ReadInt32LittleEndian(answer);

    // The second number of both structures; the first of Darwin's is a version.
    private static uint UserAt(ReadOnlySpan<byte> answer) => BinaryPrimitives.ReadUInt32LittleEndian(answer[4..]);
}
