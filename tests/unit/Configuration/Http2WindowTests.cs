using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>Uploads that nobody reads must not stop the others on their connection.</summary>
public sealed class Http2WindowTests
{
    /// <summary>The server gives back what has been read once that is half of the connection's window.</summary>
    [Theory]
    [InlineData(1 << 20, 128)]
    [InlineData(128 << 10, 128)]
    [InlineData(64 << 10, 128)]
    [InlineData(1 << 20, 1)]
    public void Half_of_the_connections_window_is_left_when_all_its_streams_have_used_up_theirs(int window, int streams) =>
        Assert.True(
            new ClientLimits { Http2StreamWindow = window, Http2MaxConcurrentStreams = streams }.Http2ConnectionWindow / 2
            >= (long)window * streams);

    [Fact]
    public void Window_is_no_larger_than_the_protocol_allows() =>
        Assert.Equal(int.MaxValue,
            new ClientLimits { Http2StreamWindow = 16 << 20, Http2MaxConcurrentStreams = 10_000 }.Http2ConnectionWindow);
}
