using System.Globalization;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Tests.EndToEnd;

namespace DaemonProxy.Tests.Hostile;

/// <summary>An answer as a client of HTTP/1.1 gets it.</summary>
/// <param name="Status">The status; 0: none came.</param>
/// <param name="Body">The body.</param>
/// <param name="IsWhole">Whether it is complete by its own framing.</param>
/// <param name="Head">The head.</param>
internal sealed record RawAnswer(int Status, string Body, bool IsWhole, string Head);

/// <summary>A connection of a client that sends bytes as they stand, and reads answers by their framing.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly BufferedStream _stream;

    private RawClient(Uri uri)
    {
        _socket.Connect(uri.Host, uri.Port);
        _socket.NoDelay = true;
        _stream = new BufferedStream(new NetworkStream(_socket));
    }

    public static RawClient Connect(Uri uri) => new(uri);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        // A front end that has refused already may have closed.
        try { await _socket.SendAsync(bytes); }
        catch (SocketException) { }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Breaks the connection off: with a reset, or as an end.</summary>
    public void Leave(bool reset)
    {
        if (reset) _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>The next final answer, interim ones being read over; null: the connection ended before a byte of one.</summary>
    /// <param name="toHead">Whether it is HEAD's, which has no body.</param>
    public async Task<RawAnswer?> ReadAsync(bool toHead = false)
    {
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        while (true)
        {
            var head = new StringBuilder();
            try
            {
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append(await LineAsync(limit.Token));
            }
            catch (Exception ended) when (ended is IOException)
            {
                return head.Length == 0 ? null : new(0, "", false, head.ToString());
            }
            var text = head.ToString();
            var status = int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture);
            if (status is >= 100 and < 200 and not 101) continue;
            var (body, whole) = toHead || status is 101 or 204 or 304 ? ("", true) : await BodyAsync(text, limit.Token);
            return new(status, body, whole, text);
        }
    }

    /// <summary>Whether the front end closes the connection, and sends nothing more before.</summary>
    public async Task<bool> ClosesAsync()
    {
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var one = new byte[1];
        try { return await _stream.ReadAsync(one, limit.Token) == 0; }
        catch (IOException) { return true; }
    }

    /// <summary>Reads so many bytes of an upgraded connection; gives how many came.</summary>
    public async Task<int> CountAsync(int count)
    {
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var bytes = new StringBuilder();
        try { await BytesAsync(count, bytes, limit.Token); }
        catch (IOException) { }
        return bytes.Length;
    }

    private async Task<(string Body, bool Whole)> BodyAsync(string head, CancellationToken end)
    {
        var body = new StringBuilder();
        try
        {
            if (Field(head, "transfer-encoding") == "chunked")
            {
                while (true)
                {
                    var size = int.Parse((await LineAsync(end)).TrimEnd(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                    if (size == 0) break;
                    await BytesAsync(size, body, end);
                    await LineAsync(end);
                }
                while (await LineAsync(end) != "\r\n")
                {
                }
                return (body.ToString(), true);
            }
            if (Field(head, "content-length") is { } length) await BytesAsync(long.Parse(length, CultureInfo.InvariantCulture), body, end);
            else
            {
                while (true) await BytesAsync(1, body, end);
            }
            return (body.ToString(), true);
        }
        catch (IOException)
        {
            return (body.ToString(), false);
        }
    }

    private static string? Field(string head, string name) =>
        head.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();

    private async Task<string> LineAsync(CancellationToken end)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await _stream.ReadAsync(one, end) > 0)
        {
            line.Append((char)one[0]);
            if (one[0] == '\n') return line.ToString();
        }
        throw new EndOfStreamException();
    }

    private async Task BytesAsync(long count, StringBuilder into, CancellationToken end)
    {
        var buffer = new byte[Math.Min(count, 16_384L)];
        while (count > 0)
        {
            var read = await _stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), end);
            if (read == 0) throw new EndOfStreamException();
            into.Append(Encoding.Latin1.GetString(buffer, 0, read));
            count -= read;
        }
    }

    public void Dispose() => _socket.Dispose();
}
