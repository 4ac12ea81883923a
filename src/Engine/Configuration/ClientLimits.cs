namespace DaemonProxy.Configuration;

/// <summary>
/// What a client may ask of the front end before an application sees its request: sizes, times and, in HTTP/2, concurrency. The defaults
/// are those of nginx or Apache, so a site that moves here refuses what it refused before. There is no minimum rate: a client counts as
/// slow only when it sends nothing for <see cref="ClientBodyTimeout"/> or reads nothing for <c>response-socket-timeout</c>, however little
/// it sends or reads in between.
/// </summary>
public sealed record ClientLimits
{
    /// <summary>The largest <see cref="LimitRequestLine"/>, bytes.</summary>
    public const int LargestLine = 262_144;

    /// <summary>The largest <see cref="LimitRequestHead"/>, bytes: a worker accepts twice that, and reads at most 1 MiB ahead.</summary>
    public const int LargestHead = 524_288;

    /// <summary>The largest <see cref="LimitRequestFields"/>.</summary>
    public const int MostFields = 10_000;

    /// <summary>
    /// The smallest <see cref="Http2StreamWindow"/>, bytes: a stream's initial window in RFC 9113, section 6.9.2, rounded up.
    /// </summary>
    public const int SmallestWindow = 65_536;

    /// <summary>
    /// <c>limit-request-line</c>, bytes including the line end, 1 KiB to 256 KiB: a longer request line gets a 414. Default 8 KiB, as in
    /// Apache and nginx.
    /// </summary>
    public int LimitRequestLine { get; init; } = 8_192;

    /// <summary>
    /// <c>limit-request-fields</c>, 1 to 10,000: a request with more header fields gets a 431. Default 100, as in Apache.
    /// </summary>
    public int LimitRequestFields { get; init; } = 100;

    /// <summary>
    /// <c>limit-request-head</c>, bytes, 1 KiB to 512 KiB: a request whose header fields exceed this in total gets a 431. Default 32 KiB,
    /// like nginx's four buffers of 8 KiB.
    /// </summary>
    public int LimitRequestHead { get; init; } = 32_768;

    /// <summary>
    /// <c>client-header-timeout</c>, &gt; 0: time for the whole head of a request, from its first byte, and for a TLS handshake. On expiry
    /// the client gets a 408 and the connection is closed. Default 60 s, as in nginx. The server checks once a second.
    /// </summary>
    public TimeSpan ClientHeaderTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// <c>client-body-timeout</c>, &gt; 0: the longest pause between two pieces of a request's body. On expiry the client gets a 408; in
    /// HTTP/2 only that stream ends. Default 60 s, as in nginx.
    /// </summary>
    public TimeSpan ClientBodyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// <c>keepalive-timeout</c>, &gt; 0: how long a connection without a request stays open. Default 75 s, as in nginx. The server checks
    /// once a second.
    /// </summary>
    public TimeSpan KeepaliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>
    /// <c>http2-max-concurrent-streams</c>, 1 to 10,000: concurrent requests on one HTTP/2 connection. Default 128, as in nginx.
    /// </summary>
    public int Http2MaxConcurrentStreams { get; init; } = 128;

    /// <summary>
    /// <c>http2-stream-window</c>, bytes, 64 KiB to 16 MiB: how much a stream may send ahead of its daemon, and so how much it can receive
    /// in one round trip. Default 1 MiB: 50 MiB/s from a client that is 20 ms away, or from one beside a busy server.
    /// </summary>
    public int Http2StreamWindow { get; init; } = 262_144;

    /// <summary>
    /// What all streams of an HTTP/2 connection together may send ahead, bytes: twice the sum of their windows. The server gives back what
    /// has been read in halves of this, so that with less, uploads that wait for their daemons or their turns would stop all others on the
    /// connection. A connection takes no more of the server's memory than the sum.
    /// </summary>
    public int Http2ConnectionWindow => (int)Math.Min(int.MaxValue, 2L * Http2StreamWindow * Http2MaxConcurrentStreams);
}
