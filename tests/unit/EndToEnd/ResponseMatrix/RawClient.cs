using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Tests.EndToEnd.ResponseMatrix;

/// <summary>An HTTP/1 client that reads nothing into a response: its framing to the letter, its body byte by byte.</summary>
internal sealed class RawClient(Uri server, string version, bool keeps) : IDisposable
{
    private Socket? _socket;
    private byte[] _held = new byte[262_144];
    private int _start;
    private int _end;

    /// <summary>Sends a request; gives its status, its headers and its body.</summary>
    public async Task<(string Status, Dictionary<string, string> Headers, byte[] Body)> SendAsync(
        string method, string target, CancellationToken limit)
    {
        if (_socket is null)
        {
            _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(server.Host, server.Port, limit);
            _start = _end = 0;
        }
        var connection = version == "1.0" ? "" : keeps ? "" : "Connection: close\r\n";
        await _socket.SendAsync(Encoding.ASCII.GetBytes($"{method} {target} HTTP/{version}\r\nHost: x\r\n{connection}\r\n"), limit);
        var status = await LineAsync(limit);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await LineAsync(limit) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            if (!headers.TryAdd(line[..colon], line[(colon + 1)..].Trim()))
                throw new InvalidDataException($"{line[..colon]} is given twice");
        }
        status = status[(status.IndexOf(' ') + 1)..];
        var body = await BodyAsync(method == "HEAD" || status.StartsWith("304", StringComparison.Ordinal), headers, limit);
        var closes = !keeps || headers.GetValueOrDefault("Connection", "").Contains("close", StringComparison.OrdinalIgnoreCase);
        if (closes)
        {
            if (_start != _end || await FillAsync(limit)) throw new InvalidDataException("bytes came after the end of the response");
            Close();
        }
        else if (_start != _end) throw new InvalidDataException("bytes came after the end of the response");
        return (status, headers, body);
    }

    private async Task<byte[]> BodyAsync(bool isNone, Dictionary<string, string> headers, CancellationToken limit)
    {
        if (isNone) return [];
        var body = new MemoryStream();
        if (headers.GetValueOrDefault("Transfer-Encoding") == "chunked")
        {
            while (int.Parse(await LineAsync(limit), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var size)
            {
                await TakeAsync(body, size, limit);
                if (await LineAsync(limit) != "") throw new InvalidDataException("a chunk does not end where it should");
            }
            if (await LineAsync(limit) != "") throw new InvalidDataException("there are trailers");
        }
        else if (headers.TryGetValue("Content-Length", out var length))
            await TakeAsync(body, int.Parse(length, CultureInfo.InvariantCulture), limit);
        else
        {
            do await TakeAsync(body, _end - _start, limit);
            while (await FillAsync(limit));
        }
        return body.ToArray();
    }

    private async Task TakeAsync(MemoryStream body, int count, CancellationToken limit)
    {
        while (count > 0)
        {
            if (_start == _end && !await FillAsync(limit))
                throw new InvalidDataException($"the connection ended {count} bytes before the body");
            var take = Math.Min(count, _end - _start);
            body.Write(_held, _start, take);
            _start += take;
            count -= take;
        }
    }

    private async Task<string> LineAsync(CancellationToken limit)
    {
        while (true)
        {
            var end = _held.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_held, _start, end);
                _start += end + 2;
                return line;
            }
            if (!await FillAsync(limit)) throw new InvalidDataException("the connection ended in a line");
        }
    }

    private async Task<bool> FillAsync(CancellationToken limit)
    {
        _held.AsSpan(_start, _end - _start).CopyTo(_held);
        (_start, _end) = (0, _end - _start);
        var count = await _socket!.ReceiveAsync(_held.AsMemory(_end), limit);
        _end += count;
        return count > 0;
    }

    /// <summary>Closes the connection; the next request opens another.</summary>
    public void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose() => Close();
}
