using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Text;
using DaemonProxy.Filters;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The client of a response at the server, and the component that ends the response: in the front end for any kind of response, in a worker
/// for that of its application. It knows how the server passes on memory and when the server sends a head. Bytes left unflushed are sent
/// with the end of the response, which is handled here as well.
/// </summary>
internal sealed class ResponseClient : IResponseClient
{
    // Below this size a copy is cheaper than a separate send, and joins the bytes written before.
    private const int SmallestLent = 16_384;

    // A chunk's size of up to 8 digits, and a line end on either side of its data (RFC 9112, section 7.1).
    private const int LargestFrame = 12;

    private readonly HttpExchange _exchange;
    private readonly PipeWriter _writer;
    private readonly IBlockLender? _lender;
    private readonly bool _chunked;
    private bool _startsHead;
    private bool _hasSent;

    /// <summary>Creates the client.</summary>
    /// <param name="exchange">The request; the response's head is set.</param>
    /// <param name="chunked">
    /// Whether the body is framed in chunks here. The server would end every body with its last chunk, whatever has happened before, and
    /// does not support trailers in HTTP/1.1.
    /// </param>
    public ResponseClient(HttpExchange exchange, bool chunked)
    {
        _exchange = exchange;
        _writer = exchange.ResponseBody.Writer;
        _lender = exchange.Lender;
        _chunked = chunked;
        _startsHead = _lender is not null;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A lent block would need chunk frames sent around it. The head and the first block leave in one send, which is worth a copy.
    /// </remarks>
    public bool SendsInPlace => _hasSent && !_chunked && _lender is not null;

    /// <inheritdoc/>
    public long Undelivered => _lender?.Undelivered ?? 0;

    /// <inheritdoc/>
    /// <remarks>Only plain HTTP/1.1 has a lender.</remarks>
    public bool IsFramed => _lender is null;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_chunked) WriteChunk(bytes);
        else Copy(bytes);
    }

    /// <inheritdoc/>
    public ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block)
    {
        if (StartHead(block.Length) is { IsCompletedSuccessfully: false } head) return SendAfterAsync(head, block, trailers: null);
        Place(block);
        return FlushAsync();
    }

    /// <inheritdoc/>
    public ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers)
    {
        if (StartHead(last.Length) is { IsCompletedSuccessfully: false } head) return SendAfterAsync(head, last, trailers);
        Place(last);
        if (_chunked) WriteLastChunk(trailers);
        // Only HTTP/2 has this feature; it sends the trailers with the end of the stream.
        else if (trailers.Count > 0 && _exchange.Find<IHttpResponseTrailersFeature>()?.Trailers is { IsReadOnly: false } target)
        {
            foreach (var (name, value) in trailers) target.Append(name, value);
        }
        return FlushAsync();
    }

    /// <inheritdoc/>
    public void Abort()
    {
        _lender?.Abort();
        _exchange.Lifetime?.Abort();
    }

    /// <summary>
    /// Makes the server write the head: blocks written earlier would be kept until the head is written, one by one, and copied once more.
    /// Smaller blocks are left to the first flush.
    /// </summary>
    /// <returns>Null when nothing needs to be done.</returns>
    private Task? StartHead(int length)
    {
        if (!_startsHead || length < CoreOutput.SmallestWrite) return null;
        _startsHead = false;
        return _exchange.ResponseBody.StartAsync();
    }

    private async ValueTask<FlushResult> SendAfterAsync(
        Task head, ReadOnlyMemory<byte> block, IReadOnlyList<KeyValuePair<string, string>>? trailers)
    {
        await head;
        return await (trailers is null ? SendAsync(block) : EndAsync(block, trailers));
    }

    private ValueTask<FlushResult> FlushAsync()
    {
        _startsHead = false;
        _hasSent = true;
        return _writer.FlushAsync(CancellationToken.None);
    }

    private void Place(ReadOnlyMemory<byte> block)
    {
        if (block.IsEmpty) return;
        if (block.Length >= SmallestLent && SendsInPlace) Lend(block);
        else Write(block.Span);
    }

    private void Lend(ReadOnlyMemory<byte> block)
    {
        _lender!.Lend(block);
        var memory = _writer.GetMemory(block.Length);
        // Not by a look at its bytes, which may not be in this process.
        if (!memory.Equals(MemoryMarshal.AsMemory(block)))
        {
            // The server must first finish a write of its own and keeps what follows, so the block must be copied.
            _lender.Lend(default);
            block.CopyTo(memory);
        }
        _writer.Advance(block.Length);
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        // The server's own buffers have a fixed size and are filled one after another; the writer on the socket makes room for everything
        // at once.
        var room = _writer.GetSpan(_lender is null ? 0 : bytes.Length);
        if (room.Length < bytes.Length)
        {
            _writer.Write(bytes);
            return;
        }
        bytes.CopyTo(room);
        _writer.Advance(bytes.Length);
    }

    private void WriteChunk(ReadOnlySpan<byte> bytes)
    {
        var room = _writer.GetSpan(_lender is null ? LargestFrame : bytes.Length + LargestFrame);
        Utf8Formatter.TryFormat(bytes.Length, room, out var digits, new StandardFormat('x'));
        room[digits++] = (byte)'\r';
        room[digits++] = (byte)'\n';
        if (room.Length >= digits + bytes.Length + 2)
        {
            bytes.CopyTo(room[digits..]);
            room[digits + bytes.Length] = (byte)'\r';
            room[digits + bytes.Length + 1] = (byte)'\n';
            _writer.Advance(digits + bytes.Length + 2);
            return;
        }
        _writer.Advance(digits);
        _writer.Write(bytes);
        _writer.Write("\r\n"u8);
    }

    private void WriteLastChunk(IReadOnlyList<KeyValuePair<string, string>> trailers)
    {
        _writer.Write("0\r\n"u8);
        foreach (var (name, value) in trailers) Encoding.Latin1.GetBytes($"{name}: {value}\r\n".AsSpan(), _writer);
        _writer.Write("\r\n"u8);
    }
}
