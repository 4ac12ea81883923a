namespace DaemonProxy.Daemons;

/// <summary>
/// How a request tells a daemon where its body ends (RFC 9112, section 6). One value for the head that says it and for the pump that sends
/// the body, so that the two cannot be out of step: whatever the client's headers were, a daemon never finds a second request in the body
/// of a first.
/// </summary>
public readonly record struct RequestFraming
{
    private const long IsChunked = -1;
    private const long IsUnsaid = -2;
    private readonly long _length;

    private RequestFraming(long length) => _length = length;

    /// <summary>No body, and no word about one: a GET's.</summary>
    public static RequestFraming None { get; } = new(IsUnsaid);

    /// <summary>A body in chunks, its length not being known.</summary>
    public static RequestFraming Chunked { get; } = new(IsChunked);

    /// <summary>A body of so many bytes; 0 is a request that says it has none.</summary>
    public static RequestFraming OfLength(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return new(bytes);
    }

    /// <summary>The bytes of the body; null: it is sent in chunks, or nothing is said of one.</summary>
    public long? Length => _length >= 0 ? _length : null;

    /// <summary>Whether the body is sent in chunks.</summary>
    public bool InChunks => _length == IsChunked;

    /// <summary>Whether a body follows the head.</summary>
    public bool HasBody => InChunks || _length > 0;
}
