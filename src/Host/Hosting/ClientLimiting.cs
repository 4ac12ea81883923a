using DaemonProxy.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Sets every limit that Kestrel has for client connections to a deliberate value, whether it is a configuration key or not.
/// </summary>
internal static class ClientLimiting
{
    // How far the server reads ahead in an HTTP/1.1 request or in the frames of a connection: enough to send 64 KiB to the daemon while the
    // next bytes arrive.
    private const long ReadAhead = 262_144;

    public static void Set(KestrelServerLimits limits, ClientLimits wanted)
    {
        // A minimum data rate would end a request that is slow but healthy, and over HTTP/2 its connection with all other requests on it.
        // Instead, each single wait is limited: client-body-timeout limits the wait for the client's next bytes, response-socket-timeout
        // the wait for a client that accepts nothing.
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
        // With the server's usual window, one upload that a daemon does not read would block all others on the connection.
        limits.Http2.InitialConnectionWindowSize = wanted.Http2ConnectionWindow;
    }
}
