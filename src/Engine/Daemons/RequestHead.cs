using System.Buffers;
using System.Text;

namespace DaemonProxy.Daemons;

/// <summary>
/// A request's head on its way to a daemon, written as the bytes that go over the socket. Text is Latin-1, so that each byte a client
/// sent in a header reaches the daemon as it was.
/// </summary>
public sealed class RequestHead : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(2048);
    private int _length;

    /// <summary>The head as written so far.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Writes the request line.</summary>
    public void Start(string method, string target)
    {
        Put(method);
        Put(" "u8);
        Put(target);
        Put(" HTTP/1.1\r\n"u8);
    }

    /// <summary>Writes one header line.</summary>
    /// <exception cref="ArgumentException">Name or value holds a line end or a NUL, which would make two headers, or two requests, of one.</exception>
    public void Add(string name, string value)
    {
        if (value.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0 || name.AsSpan().IndexOfAny('\r', '\n', ':') >= 0)
            throw new ArgumentException($"header {name} holds a line end");
        Put(name);
        Put(": "u8);
        Put(value);
        Put("\r\n"u8);
    }

    /// <summary>Writes the empty line that ends the head.</summary>
    public void End() => Put("\r\n"u8);

    private void Put(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Put(string text)
    {
        Reserve(text.Length);
        _length += Encoding.Latin1.GetBytes(text, _buffer.AsSpan(_length));
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - _length >= count) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (_buffer.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }
}
