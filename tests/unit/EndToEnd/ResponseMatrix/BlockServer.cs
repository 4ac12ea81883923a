using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Web;

namespace DaemonProxy.Tests.EndToEnd.ResponseMatrix;

/// <summary>
/// An HTTP/1.1 server as a daemon of somebody else's: answers a <see cref="MatrixCase"/> with one send for each block, over TCP and a Unix
/// socket.
/// </summary>
internal sealed class BlockServer : IDisposable
{
    private static readonly byte[] Pattern = [.. Enumerable.Range(0, 251 * 4200).Select(i => (byte)(i % 251))];
    private readonly Socket _tcp = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _unix = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Listens on a free loopback port, and on a Unix socket.</summary>
    /// <param name="path">The socket's path.</param>
    public BlockServer(string path)
    {
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _unix.Bind(new UnixDomainSocketEndPoint(path));
        foreach (var socket in new[] { _tcp, _unix })
        {
            socket.Listen();
            _ = AcceptAsync(socket);
        }
    }

    /// <summary>Tells what is wrong with a body of its that a client has received; null: nothing.</summary>
    /// <param name="body">The body.</param>
    /// <param name="total">The bytes that it was sent with.</param>
    public static string? Fault(byte[] body, int total)
    {
        if (body.Length != total) return $"its body has {body.Length} bytes, not {total}";
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] != i % 251) return $"byte {i} is not as it was sent";
        }
        return null;
    }

    /// <summary>The TCP port.</summary>
    public int Port => ((IPEndPoint)_tcp.LocalEndPoint!).Port;

    private static async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task ServeAsync(Socket connection)
    {
        using var _ = connection;
        var buffer = new byte[16_384];
        var request = "";
        try
        {
            while (true)
            {
                var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end < 0)
                {
                    var count = await connection.ReceiveAsync(buffer);
                    if (count == 0) return;
                    request += Encoding.Latin1.GetString(buffer, 0, count);
                    continue;
                }
                var line = request[..request.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
                request = request[(end + 4)..];
                if (!await AnswerAsync(connection, line[0], line[1])) return;
            }
        }
        catch (SocketException)
        {
            // The front end has closed the connection.
        }
    }

    /// <summary>Answers; false when the connection's end is the response's.</summary>
    private static async Task<bool> AnswerAsync(Socket connection, string method, string target)
    {
        var query = HttpUtility.ParseQueryString(target[(target.IndexOf('?') + 1)..]);
        var blocks = query["blocks"]!.Split(',').Select(part => part.Split('*'))
            .SelectMany(part => Enumerable.Repeat(int.Parse(part[^1]), part.Length > 1 ? int.Parse(part[0]) : 1)).ToList();
        var (framing, status) = (query["length"], query["status"]!);
        var head = $"HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n" + framing switch
        {
            "declared" => $"Content-Length: {blocks.Sum()}\r\n\r\n",
            "none" => "Transfer-Encoding: chunked\r\n\r\n",
            _ => "Connection: close\r\n\r\n",
        };
        await SendAsync(connection, Encoding.ASCII.GetBytes(head));
        if (method == "HEAD" || !status.StartsWith("200", StringComparison.Ordinal)) return framing != "close";
        var position = 0;
        foreach (var size in blocks)
        {
            var block = Pattern.AsMemory(position % 251, size);
            position += size;
            // A chunk of no bytes would be the last one.
            if (framing == "none" && size > 0)
                await SendAsync(connection, (byte[])[.. Encoding.ASCII.GetBytes($"{size:x}\r\n"), .. block.Span, .. "\r\n"u8]);
            else if (framing != "none") await SendAsync(connection, block);
        }
        if (framing == "none") await SendAsync(connection, "0\r\n\r\n"u8.ToArray());
        return framing != "close";
    }

    private static async Task SendAsync(Socket connection, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty) data = data[await connection.SendAsync(data)..];
    }

    public void Dispose()
    {
        _tcp.Dispose();
        _unix.Dispose();
    }
}
