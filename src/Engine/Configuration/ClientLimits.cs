namespace DaemonProxy.Configuration;

/// <summary>
/// What a client may ask of the front end before an application sees its request: sizes, times and, in HTTP/2, how much at once. The
/// defaults are nginx's or Apache's, so that a site that moves here refuses what it refused before. There is no least rate: a slow client
/// is one that sends nothing for <see cref="ClientBodyTimeout"/>, or takes nothing for <c>response-socket-timeout</c>, however little it
/// does in between.
/// </summary>
public sealed record ClientLimits
{
    /// <summary>The largest <see cref="LimitRequestLine"/>, bytes.</summary>
    public const int LargestLine = 262_144;

    /// <summary>The largest <see cref="LimitRequestHead"/>, bytes: a worker takes twice that, and reads no more than 1 MiB ahead.</summary>
    public const int LargestHead = 524_288;

    /// <summary>The most <see cref="LimitRequestFields"/>.</summary>
    public const int MostFields = 10_000;

    /// <summary>
    /// The least <see cref="Http2StreamWindow"/>, bytes: what RFC 9113, section 6.9.2 gives a stream to begin with, rounded up.
    /// </summary>
    public const int SmallestWindow = 65_536;

    /// <summary>
    /// <c>limit-request-line</c>, bytes with its line end, 1 KiB to 256 KiB: a longer request line is a 414. Default 8 KiB, as Apache's and
    /// nginx's.
    /// </summary>
    public int LimitRequestLine { get; init; } = 8_192;

    /// <summary><c>limit-request-fields</c>, 1 to 10,000: a request with more header fields is a 431. Default 100, as Apache's.</summary>
    public int LimitRequestFields { get; init; } = 100;

    /// <summary>
    /// <c>limit-request-head</c>, bytes, 1 KiB to 512 KiB: a request with more in all its header fields together is a 431. Default 32 KiB,
    /// as nginx's four buffers of 8 KiB.
    /// </summary>
    public int LimitRequestHead { get; init; } = 32_768;

    /// <summary>
    /// <c>client-header-timeout</c>, &gt; 0: the whole head of a request, from its first byte, and a TLS handshake; then 408, and the
    /// connection is closed. Default 60 s, as nginx's. The server looks once a second.
    /// </summary>
    public TimeSpan ClientHeaderTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// <c>client-body-timeout</c>, &gt; 0: the longest a client may send nothing between two pieces of a request's body; then 408, and in
    /// HTTP/2 that one stream ends. Default 60 s, as nginx's.
    /// </summary>
    public TimeSpan ClientBodyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// <c>keepalive-timeout</c>, &gt; 0: how long a connection without a request stays open. Default 75 s, as nginx's. The server looks
    /// once a second.
    /// </summary>
    public TimeSpan KeepaliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>
    /// <c>http2-max-concurrent-streams</c>, 1 to 10,000: requests at a time on one HTTP/2 connection. Default 128, as nginx's.
    /// </summary>
    public int Http2MaxConcurrentStreams { get; init; } = 128;

    /// <summary>
    /// <c>http2-stream-window</c>, bytes, 64 KiB to 16 MiB: what a stream may send ahead of its daemon. Default 128 KiB. The connection's
    /// window is that of all its streams together, so that streams whose daemon does not read take nothing from their neighbours.
    /// </summary>
    public int Http2StreamWindow { get; init; } = 131_072;
}
