using DaemonProxy.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Every limit that Kestrel has for the connections of clients, each set on purpose: those that are keys of ours, and those that are not.
/// </summary>
internal static class ClientLimiting
{
    // What the server reads ahead of an HTTP/1.1 request, or of the frames of a connection: enough for a send of 64 KiB to the daemon while
    // the next one comes.
    private const long ReadAhead = 262_144;

    public static void Set(KestrelServerLimits limits, ClientLimits wanted)
    {
        // A rate ends a request that is slow and well, and over HTTP/2 the connection with all its neighbours. A body is bounded by each
        // single wait: for the
        // client's next bytes by client-body-timeout, for a client that takes nothing by response-socket-timeout.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestLineSize = wanted.LimitRequestLine;
        limits.MaxRequestHeaderCount = wanted.LimitRequestFields;
        limits.MaxRequestHeadersTotalSize = wanted.LimitRequestHead;
        limits.MaxRequestBufferSize = Math.Max(ReadAhead, (long)wanted.LimitRequestHead + wanted.LimitRequestLine);
        limits.RequestHeadersTimeout = wanted.ClientHeaderTimeout;
        limits.KeepAliveTimeout = wanted.KeepaliveTimeout;
        limits.Http2.MaxStreamsPerConnection = wanted.Http2MaxConcurrentStreams;
        limits.Http2.MaxRequestHeaderFieldSize = wanted.LimitRequestHead;
        limits.Http2.InitialStreamWindowSize = wanted.Http2StreamWindow;
        // With a smaller one, a few uploads that a daemon does not read would keep all others on the connection waiting.
        limits.Http2.InitialConnectionWindowSize = (int)Math.Min(
            int.MaxValue, (long)wanted.Http2StreamWindow * wanted.Http2MaxConcurrentStreams);
    }
}
