namespace DaemonProxy.Daemons;

/// <summary>
/// How a request tells a daemon where its body ends (RFC 9112, section 6). The head that declares the framing and the pump that sends the
/// body share one value, so they cannot disagree: whatever headers the client sent, a daemon never finds a second request in the body of
/// the first.
/// </summary>
public readonly record struct RequestFraming
{
    private const long IsChunked = -1;
    private const long IsUnsaid = -2;
    private readonly long _length;

    private RequestFraming(long length) => _length = length;

    /// <summary>No body and no header about one, as in a GET.</summary>
    public static RequestFraming None { get; } = new(IsUnsaid);

    /// <summary>A body of unknown length, sent in chunks.</summary>
    public static RequestFraming Chunked { get; } = new(IsChunked);

    /// <summary>A body of that many bytes; 0: the request declares an empty body.</summary>
    public static RequestFraming OfLength(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return new(bytes);
    }

    /// <summary>The length of the body in bytes; null: the body is sent in chunks, or none is declared.</summary>
    public long? Length => _length >= 0 ? _length : null;

    /// <summary>Whether the body is sent in chunks.</summary>
    public bool InChunks => _length == IsChunked;

    /// <summary>Whether a body follows the head.</summary>
    public bool HasBody => InChunks || _length > 0;
}
