using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>How much of the server's memory a connection of HTTP/2 can fill with uploads that wait.</summary>
public sealed class Http2WindowTests
{
    [Theory]
    [InlineData(1 << 20, 128, 16 << 20)]
    [InlineData(128 << 10, 128, 16 << 20)]
    [InlineData(64 << 10, 128, 8 << 20)]
    [InlineData(16 << 20, 128, 16 << 20)]
    [InlineData(16 << 20, 10_000, 1_310_720_000)]
    [InlineData(1 << 20, 1, 1 << 20)]
    public void Connection_has_128_KiB_for_each_stream_and_at_least_one_whole_window(int window, int streams, int connection) =>
        Assert.Equal(connection, new ClientLimits { Http2StreamWindow = window, Http2MaxConcurrentStreams = streams }.Http2ConnectionWindow);
}
