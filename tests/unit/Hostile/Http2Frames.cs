using System.Buffers.Binary;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Tests.EndToEnd;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// A client's HTTP/2 connection over TLS, frame by frame (RFC 9113): what a well-behaved library would never send can be sent. Header
/// fields are literals without indexing and without Huffman coding (RFC 7541, section 6.2.2), so that each byte arrives as it was written.
/// </summary>
internal sealed class Http2Frames : IAsyncDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private SslStream _tls = null!;

    public static async Task<Http2Frames> ConnectAsync(Uri uri)
    {
        var client = new Http2Frames();
        await client._socket.ConnectAsync(uri.Host, uri.Port);
        client._tls = new SslStream(new NetworkStream(client._socket));
        await client._tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        // No dynamic table: then each answer's status stands in its own block.
        await client._tls.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, [0, 1, 0, 0, 0, 0])]);
        return client;
    }

    public async Task SendAsync(byte[] frames)
    {
        // A front end that has refused already may have closed.
        try { await _tls.WriteAsync(frames); }
        catch (IOException) { }
    }

    /// <summary>A frame.</summary>
    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>A header block of literal fields.</summary>
    public static byte[] Block(IEnumerable<(byte[] Name, byte[] Value)> fields)
    {
        var block = new List<byte>();
        foreach (var (name, value) in fields)
        {
            block.Add(0);
            Text(name);
            Text(value);
        }
        return [.. block];

        void Text(byte[] text)
        {
            if (text.Length < 127) block.Add((byte)text.Length);
            else
            {
                block.Add(127);
                var rest = text.Length - 127;
                for (; rest >= 128; rest >>= 7) block.Add((byte)((rest & 127) | 128));
                block.Add((byte)rest);
            }
            block.AddRange(text);
        }
    }

    /// <summary>
    /// Frames in the corpus's words, separated by <c> | </c>: <c>headers STREAM FLAGS name=value ...</c>, <c>continuation</c> the same,
    /// <c>data STREAM FLAGS bytes</c>, <c>frame TYPE FLAGS STREAM hex</c>. FLAGS: <c>e</c> ends the stream, <c>h</c> the headers, <c>-</c>
    /// none.
    /// </summary>
    public static byte[] Compose(string words)
    {
        var bytes = new List<byte>();
        foreach (var frame in words.Split(" | "))
        {
            var parts = frame.Split(' ', 4);
            var rest = parts.Length > 3 ? parts[3] : "";
            if (parts[0] == "frame")
                bytes.AddRange(
                    Frame(byte.Parse(parts[1], CultureInfo.InvariantCulture), byte.Parse(parts[2], CultureInfo.InvariantCulture),
                    int.Parse(rest.Split(' ')[0], CultureInfo.InvariantCulture),
                    Convert.FromHexString(rest.Split(' ') is [_, var hex] ? hex : "")));
            else
            {
                var flags = (byte)(
                    (parts[2].Contains('e', StringComparison.Ordinal) ? 1 : 0) | (
                    parts[2].Contains('h', StringComparison.Ordinal) ? 4 : 0));
                var type = (byte)(
                    parts[0] switch { "data" => 0, "headers" => 1, "continuation" => 9, _ => throw new FormatException(frame) });
                var payload = type == 0
                    ? CorpusFile.Bytes(rest) : Block(rest.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Field));
                bytes.AddRange(Frame(type, flags, int.Parse(parts[1], CultureInfo.InvariantCulture), payload));
            }
        }
        return [.. bytes];
    }

    // The first "=" separates; a name that holds one is written with \x3d.
    private static (byte[], byte[]) Field(string field)
    {
        var equals = field.IndexOf('=', StringComparison.Ordinal);
        return (CorpusFile.Bytes(field[..equals]), CorpusFile.Bytes(field[(equals + 1)..]));
    }

    /// <summary>What becomes of a stream: its status, <c>reset</c>, <c>goaway</c>, or <c>closed</c>.</summary>
    public async Task<string> OutcomeAsync(int stream)
    {
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var status = "";
        var head = new byte[9];
        try
        {
            while (true)
            {
                await _tls.ReadExactlyAsync(head, limit.Token);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
                await _tls.ReadExactlyAsync(payload, limit.Token);
                var of = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5));
                var ends = (head[4] & 1) != 0;
                switch (head[3])
                {
                    case 1 when of == stream:
                        if (status.Length == 0) status = Status(payload);
                        if (ends) return status;
                        break;
                    case 0 when of == stream && ends: return status;
                    // An answer that came before it stands: the server needs no more of the request.
                    case 3 when of == stream: return status.Length > 0 ? status : "reset";
                    case 4 when (head[4] & 1) == 0:
                        await SendAsync(Frame(4, 1, 0, []));
                        break;
                    case 7: return status.Length > 0 ? status : "goaway";
                }
            }
        }
        catch (IOException)
        {
            return status.Length > 0 ? "broken" : "closed";
        }
    }

    // The status is the first field: from the static table, or a literal that names it by the table.
    private static string Status(byte[] block)
    {
        var at = 0;
        while ((block[at] & 0xe0) == 0x20) at++;
        return block[at] switch
        {
            0x88 => "200",
            0x89 => "204",
            0x8a => "206",
            0x8b => "304",
            0x8c => "400",
            0x8d => "404",
            0x8e => "500",
            _ => Encoding.ASCII.GetString(block, at + 2, 3),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync();
        _socket.Dispose();
    }
}
