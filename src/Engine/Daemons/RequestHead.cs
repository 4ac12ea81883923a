using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// The head of a request to a daemon, written as the bytes that go over the socket. Text is encoded as Latin-1, so that each byte of a
/// client's header reaches the daemon unchanged. The fields that address and frame the message are written only here: the host in
/// <see cref="Start(string, string, string)"/>, the framing of the body in <see cref="End(RequestFraming)"/>.
/// </summary>
public sealed class RequestHead : IDisposable
{
    private static readonly SearchValues<char> TargetCharacters = SearchValues.Create(
        [.. Enumerable.Range('!', 256 - '!').Where(c => c != 127).Select(c => (char)c)]);

    private byte[] _buffer;
    private bool _isRented;
    private int _length;
    private int _firstLine;

    /// <summary>Begins a head.</summary>
    public RequestHead() => (_buffer, _isRented) = (ArrayPool<byte>.Shared.Rent(2048), true);

    /// <summary>Makes a head of all bytes of another one.</summary>
    /// <param name="bytes">The bytes, which do not change any more.</param>
    public RequestHead(byte[] bytes) => (_buffer, _length) = (bytes, bytes.Length);

    /// <summary>The head as written so far.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>The lines written so far after the request line.</summary>
    public ReadOnlySpan<byte> Lines => _buffer.AsSpan(_firstLine, _length - _firstLine);

    /// <summary>
    /// Whether this class writes a header itself, so that it must not be passed to <see cref="Add"/> (RFC 9112, sections 3.2 and 6).
    /// </summary>
    public static bool IsOwn(string name) => name.Length switch
    {
        4 => name.Equals("Host", StringComparison.OrdinalIgnoreCase),
        14 => name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase),
        17 => name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    /// <summary>Writes the request line and the host.</summary>
    /// <exception cref="BrokenResponseException">The client's request is malformed: the method is not a token, or the target or the host
    /// contains a forbidden character.</exception>
    public void Start(string method, string target, string host)
    {
        StartLine(method, target, more: host.Length + 16);
        if (host.AsSpan().ContainsAnyExcept(TargetCharacters)) throw Malformed("its host holds a space or a control character");
        var room = Place(_buffer.AsSpan(_length), "Host: "u8);
        room = Place(room, host);
        room = Place(room, "\r\n"u8);
        _length = _buffer.Length - room.Length;
    }

    /// <summary>Writes the request line, and the lines after it as another head has them.</summary>
    /// <param name="method">The method.</param>
    /// <param name="target">The target.</param>
    /// <param name="lines">The <see cref="Lines"/> of the other head, the host among them.</param>
    /// <exception cref="BrokenResponseException">The method is not a token, or the target contains a forbidden character.</exception>
    public void Start(string method, string target, ReadOnlySpan<byte> lines)
    {
        StartLine(method, target, more: lines.Length);
        Put(lines);
    }

    private void StartLine(string method, string target, int more)
    {
        if (!FieldSyntax.IsName(method)) throw Malformed("its method is no token");
        if (target.Length == 0 || target.AsSpan().ContainsAnyExcept(TargetCharacters))
            throw Malformed("its target holds a space or a control character");
        Reserve(method.Length + target.Length + 16 + more);
        var room = Place(_buffer.AsSpan(_length), method);
        room = Place(room, " "u8);
        room = Place(room, target);
        room = Place(room, " HTTP/1.1\r\n"u8);
        _length = _firstLine = _buffer.Length - room.Length;
    }

    /// <summary>Writes one header or trailer line.</summary>
    /// <exception cref="BrokenResponseException">The client's request is malformed: the name is not a token, or the value contains a
    /// control character.</exception>
    /// <exception cref="ArgumentException">The header is one for which <see cref="IsOwn"/> is true.</exception>
    public void Add(string name, string value)
    {
        if (IsOwn(name)) throw new ArgumentException($"{name} is written by the head itself", nameof(name));
        if (!FieldSyntax.IsName(name)) throw Malformed("the name of a header field is no token");
        if (!FieldSyntax.IsValue(value)) throw Malformed($"the value of {name} holds a control character");
        Reserve(name.Length + value.Length + 4);
        var room = _buffer.AsSpan(_length);
        room = Place(room, name);
        room = Place(room, ": "u8);
        room = Place(room, value);
        room = Place(room, "\r\n"u8);
        _length = _buffer.Length - room.Length;
    }

    /// <summary>Writes the lines that say who sent the request, as proxies do.</summary>
    /// <param name="chain">The addresses that it came through, for X-Forwarded-For; null: unknown.</param>
    /// <param name="scheme">The client's scheme.</param>
    /// <param name="host">The host that the client asked for.</param>
    /// <exception cref="BrokenResponseException">One of them contains a control character.</exception>
    public void AddForwarded(string? chain, string scheme, string host)
    {
        if (!FieldSyntax.IsValue(chain) || !FieldSyntax.IsValue(scheme) || !FieldSyntax.IsValue(host))
            throw Malformed("what it says of its client holds a control character");
        Reserve((chain?.Length ?? 0) + scheme.Length + host.Length + 80);
        var room = _buffer.AsSpan(_length);
        if (chain is not null)
        {
            room = Place(room, "X-Forwarded-For: "u8);
            room = Place(room, chain);
            room = Place(room, "\r\n"u8);
        }
        room = Place(room, "X-Forwarded-Proto: "u8);
        room = Place(room, scheme);
        room = Place(room, "\r\nX-Forwarded-Host: "u8);
        room = Place(room, host);
        room = Place(room, "\r\n"u8);
        _length = _buffer.Length - room.Length;
    }

    /// <summary>Writes the framing of the body and the empty line that ends the head.</summary>
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

    private static Span<byte> Place(Span<byte> room, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(room);
        return room[bytes.Length..];
    }

    private static Span<byte> Place(Span<byte> room, string text) => room[Encoding.Latin1.GetBytes(text, room)..];

    private void Reserve(int count)
    {
        if (_buffer.Length - _length >= count) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ReturnBuffer();
        (_buffer, _isRented) = (larger, true);
    }

    private void ReturnBuffer()
    {
        if (_isRented) ArrayPool<byte>.Shared.Return(_buffer);
        _isRented = false;
    }

    /// <summary>Returns the buffer to the pool.</summary>
    public void Dispose()
    {
        ReturnBuffer();
        _buffer = [];
        _length = _firstLine = 0;
    }
}
