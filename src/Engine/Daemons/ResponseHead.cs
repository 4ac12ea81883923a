namespace DaemonProxy.Daemons;

/// <summary>How the end of a response's body is found (RFC 9112, section 6.3).</summary>
public enum BodyFraming
{
    /// <summary>There is none: the answer to HEAD, 1xx, 204, 304.</summary>
    None,

    /// <summary>By Content-Length.</summary>
    Length,

    /// <summary>By the last chunk.</summary>
    Chunked,

    /// <summary>By the daemon closing the connection.</summary>
    Close,
}

/// <summary>A daemon's response head, checked.</summary>
public sealed class ResponseHead
{
    /// <summary>The status, 100 to 599.</summary>
    public int Status { get; internal set; }

    /// <summary>The reason phrase; may be empty.</summary>
    public string Reason { get; internal set; } = "";

    /// <summary>The headers that are for the client, in the daemon's order: without the hop-by-hop ones (RFC 9110, section 7.6.1) and without Content-Length.</summary>
    public List<KeyValuePair<string, string>> Headers { get; } = new(16);

    /// <summary>Content-Length, where one was given.</summary>
    public long? ContentLength { get; internal set; }

    /// <summary>How the body's end is found.</summary>
    public BodyFraming Framing { get; internal set; }

    /// <summary>Whether the daemon keeps the connection for another request.</summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>With status 101: the protocol that the connection speaks from here on.</summary>
    public string? Upgrade { get; internal set; }
}
