using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Tests.EndToEnd.UploadMatrix;

/// <summary>A kept HTTP/1.1 connection that sends bodies while it reads answers, in pieces of its own choice.</summary>
internal sealed class UploadConnection(Uri server) : IDisposable
{
    // None is a multiple of another's part, so that pieces end at every place of a buffer.
    private static readonly int[] Pieces = [1, 4_000, 65_536, 37, 300_000, 4_096];
    private Socket? _socket;
    private byte[] _held = [];
    private int _piece;

    /// <summary>Sends a request with its body; gives the answer's body.</summary>
    public async Task<string> SendAsync(UploadCase one, CancellationToken limit)
    {
        await ConnectAsync(limit);
        var sending = SendBodyAsync(one, limit);
        var answer = await ReadAsync(limit);
        try { await sending; }
        catch (SocketException) when (one.How == "not-at-all")
        {
            // The server has answered, and does not want the rest.
        }
        if (one.How == "not-at-all") Dispose();
        return answer;
    }

    private async Task SendBodyAsync(UploadCase one, CancellationToken limit)
    {
        var isChunked = one.Framing == "chunked";
        await SendAsync($"POST {one.Target} HTTP/1.1\r\nHost: x\r\n"
            + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {one.Size}\r\n\r\n"), limit);
        for (var left = one.Body; !left.IsEmpty;)
        {
            var piece = left[..Math.Min(left.Length, Pieces[_piece++ % Pieces.Length])];
            left = left[piece.Length..];
            if (isChunked) await SendAsync($"{piece.Length:x}\r\n", limit);
            await SendAsync(piece, limit);
            if (isChunked) await SendAsync("\r\n", limit);
        }
        if (isChunked) await SendAsync("0\r\n\r\n", limit);
    }

    /// <summary>Connects unless it is connected.</summary>
    public async Task ConnectAsync(CancellationToken limit)
    {
        if (_socket is not null) return;
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _held = [];
        await _socket.ConnectAsync(server.Host, server.Port, limit);
    }

    /// <summary>Sends text, one byte for each character.</summary>
    public Task SendAsync(string text, CancellationToken limit) => SendAsync(Encoding.Latin1.GetBytes(text), limit);

    private async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken limit)
    {
        while (!data.IsEmpty) data = data[await _socket!.SendAsync(data, limit)..];
    }

    private async Task<string> ReadAsync(CancellationToken limit)
    {
        var status = await LineAsync(limit);
        if (!status.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) throw new InvalidDataException(status);
        var (length, closes) = (0, false);
        while (await LineAsync(limit) is { Length: > 0 } line)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line[15..], CultureInfo.InvariantCulture);
            closes |= line.Equals("Connection: close", StringComparison.OrdinalIgnoreCase);
        }
        while (_held.Length < length) await FillAsync(limit);
        var body = Encoding.Latin1.GetString(_held, 0, length);
        _held = _held[length..];
        if (closes) Dispose();
        return body;
    }

    /// <summary>Reads a line.</summary>
    public async Task<string> LineAsync(CancellationToken limit)
    {
        while (true)
        {
            var end = _held.AsSpan().IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_held, 0, end);
                _held = _held[(end + 2)..];
                return line;
            }
            await FillAsync(limit);
        }
    }

    private async Task FillAsync(CancellationToken limit)
    {
        var room = new byte[4096];
        var count = await _socket!.ReceiveAsync(room, limit);
        if (count == 0) throw new InvalidDataException("the connection ended in an answer");
        _held = [.. _held, .. room.AsSpan(0, count)];
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
