using System.Net;
using System.Net.Sockets;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Two sockets that are connected to each other.</summary>
internal sealed record SocketPair(Socket Near, Socket Far) : IDisposable
{
    /// <summary>Makes a pair over TCP or a Unix socket.</summary>
    public static async Task<SocketPair> CreateAsync(bool unix)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(unix ? new UnixDomainSocketEndPoint(path) : new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            var far = unix
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp);
            await far.ConnectAsync(listener.LocalEndPoint!);
            return new(await listener.AcceptAsync(), far);
        }
        finally
        {
            if (unix) File.Delete(path);
        }
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }
}
