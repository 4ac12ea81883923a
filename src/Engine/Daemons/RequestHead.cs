using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// A request's head on its way to a daemon, written as the bytes that go over the socket. Text is Latin-1, so that each byte a client
/// sent in a header reaches the daemon as it was. What frames and addresses the message is written here and nowhere else: the host by
/// <see cref="Start"/>, the body's framing by <see cref="End(RequestFraming)"/>.
/// </summary>
public sealed class RequestHead : IDisposable
{
    private static readonly SearchValues<char> TargetCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', 256 - '!').Where(c => c != 127).Select(c => (char)c)]);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(2048);
    private int _length;

    /// <summary>The head as written so far.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>
    /// Whether a header may be given to <see cref="Add"/>: not where this head or its connection writes it (RFC 9112, sections 3.2 and 6).
    /// </summary>
    public static bool IsOwn(string name) => name.Length switch
    {
        4 => name.Equals("Host", StringComparison.OrdinalIgnoreCase),
        14 => name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase),
        17 => name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    /// <summary>Writes the request line and the host.</summary>
    /// <exception cref="BrokenResponseException">The method is no token, the target or the host holds what none may hold: the client's
    /// request is malformed.</exception>
    public void Start(string method, string target, string host)
    {
        if (!FieldSyntax.IsName(method)) throw Malformed("its method is no token");
        if (target.Length == 0 || target.AsSpan().ContainsAnyExcept(TargetCharacters))
            throw Malformed("its target holds a space or a control character");
        if (host.AsSpan().ContainsAnyExcept(TargetCharacters)) throw Malformed("its host holds a space or a control character");
        Put(method);
        Put(" "u8);
        Put(target);
        Put(" HTTP/1.1\r\nHost: "u8);
        Put(host);
        Put("\r\n"u8);
    }

    /// <summary>Writes one header line, or a trailer's.</summary>
    /// <exception cref="BrokenResponseException">The name is no token, or the value holds a control character: the client's request is
    /// malformed.</exception>
    /// <exception cref="ArgumentException">It is a header that <see cref="IsOwn"/>.</exception>
    public void Add(string name, string value)
    {
        if (IsOwn(name)) throw new ArgumentException($"{name} is written by the head itself", nameof(name));
        if (!FieldSyntax.IsName(name)) throw Malformed("the name of a header field is no token");
        if (!FieldSyntax.IsValue(value)) throw Malformed($"the value of {name} holds a control character");
        Put(name);
        Put(": "u8);
        Put(value);
        Put("\r\n"u8);
    }

    /// <summary>Writes how the body is framed, and the empty line that ends the head.</summary>
    public void End(RequestFraming framing)
    {
        if (framing.InChunks) Put("Transfer-Encoding: chunked\r\n"u8);
        else if (framing.Length is { } length)
        {
            Put("Content-Length: "u8);
            Reserve(20);
            Utf8Formatter.TryFormat(length, _buffer.AsSpan(_length), out var written);
            _length += written;
            Put("\r\n"u8);
        }
        EndTrailers();
        CheckAsADaemonReadsIt(framing);
    }

    /// <summary>Writes the empty line that ends a trailer section.</summary>
    public void EndTrailers() => Put("\r\n"u8);

    [Conditional("DEBUG")]
    private void CheckAsADaemonReadsIt(RequestFraming framing) => RequestHeadCheck.Check(Bytes.Span, framing);

    private static BrokenResponseException Malformed(string what) => new(EventCatalogue.RequestMalformed, what);

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
