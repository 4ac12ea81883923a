namespace DaemonProxy.Daemons;

/// <summary>How the end of a response's body is found (RFC 9112, section 6.3).</summary>
public enum BodyFraming
{
    /// <summary>There is no body: the response to HEAD, 1xx, 204, 304.</summary>
    None,

    /// <summary>By Content-Length.</summary>
    Length,

    /// <summary>By the last chunk.</summary>
    Chunked,

    /// <summary>When the daemon closes the connection.</summary>
    Close,
}

/// <summary>The validated head of a daemon's response.</summary>
public sealed class ResponseHead
{
    /// <summary>Creates the head of a response from an application in this process.</summary>
    /// <param name="status">The status, 200 to 599.</param>
    /// <param name="reason">The reason phrase.</param>
    /// <param name="headers">The headers, without Content-Length and hop-by-hop headers.</param>
    /// <param name="length">Content-Length; null: unknown.</param>
    /// <param name="toHead">Whether the request was HEAD.</param>
    public static ResponseHead Create(
        int status, string reason, IEnumerable<KeyValuePair<string, string>> headers, long? length, bool toHead)
    {
        var framing = toHead || status is 204 or 304 ? BodyFraming.None : length is null ? BodyFraming.Chunked : BodyFraming.Length;
        var head = new ResponseHead { Status = status, Reason = reason, ContentLength = length, Framing = framing };
        head.Headers.AddRange(headers);
        return head;
    }

    /// <summary>The status, 100 to 599.</summary>
    public int Status { get; internal set; }

    /// <summary>The reason phrase; may be empty.</summary>
    public string Reason { get; internal set; } = "";

    /// <summary>
    /// The headers for the client in the daemon's order, without hop-by-hop headers (RFC 9110, section 7.6.1) and without Content-Length.
    /// </summary>
    public List<KeyValuePair<string, string>> Headers { get; } = new(16);

    /// <summary>Content-Length; null: none was given.</summary>
    public long? ContentLength { get; internal set; }

    /// <summary>How the end of the body is found.</summary>
    public BodyFraming Framing { get; internal set; }

    /// <summary>Whether the daemon keeps the connection open for another request.</summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>With status 101: the protocol that the connection speaks from now on.</summary>
    public string? Upgrade { get; internal set; }
}
