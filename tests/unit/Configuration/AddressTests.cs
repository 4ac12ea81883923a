using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

public sealed class AddressTests
{
    private static readonly string Base = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "base"));

    [Theory]
    [InlineData("http://127.0.0.1:8080", "http", "127.0.0.1", 8080)]
    [InlineData("https://[::1]:8443", "https", "::1", 8443)]
    [InlineData("http://*:80", "http", "*", 80)]
    [InlineData("HTTP://LOCALHOST:0/", "http", "localhost", 0)]
    [InlineData("http://0.0.0.0", "http", "0.0.0.0", 80)]
    [InlineData("https://[::]", "https", "::", 443)]
    [InlineData("https://*:65535", "https", "*", 65535)]
    public void Listen_address_is_read(string text, string scheme, string host, int port)
    {
        Assert.True(ListenAddress.TryParse(text, out var address, out var error), error);
        Assert.Equal(new ListenAddress(scheme, host, port), address);
    }

    [Theory]
    [InlineData(null, "is no address to listen on")]
    [InlineData("", "is no address to listen on")]
    [InlineData("8080", "is no address to listen on")]
    [InlineData("ftp://127.0.0.1:21", "is no address to listen on")]
    [InlineData("http://", "has no host")]
    [InlineData("http://:80", "has no host")]
    [InlineData("http://127.0.0.1:8080/app", "with no path")]
    [InlineData("http://127.0.0.1:8080?x", "with no path")]
    [InlineData("http://me:secret@127.0.0.1:80", "user name or password")]
    [InlineData("http://127.0.0.1:65536", "no number from 0 to 65535")]
    [InlineData("http://127.0.0.1:", "no number from 0 to 65535")]
    [InlineData("http://127.0.0.1:-1", "no number from 0 to 65535")]
    [InlineData("http://127.0.0.1:http", "no number from 0 to 65535")]
    [InlineData("http://::1:80", "in brackets")]
    [InlineData("http://[::1", "without its ']'")]
    [InlineData("http://[::1]80", "where a colon and a port would be")]
    [InlineData("http://[]:80", "has no host")]
    [InlineData("http://example.org:80", "as its host")]
    [InlineData("http://1:80", "as its host")]
    [InlineData("http://127.1:80", "as its host")]
    public void What_is_no_listen_address_says_why(string? text, string why)
    {
        Assert.False(ListenAddress.TryParse(text, out _, out var error));
        Assert.Contains(why, error);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9000", "127.0.0.1", 9000)]
    [InlineData("http://[::1]:9000", "::1", 9000)]
    [InlineData("http://app.internal", "app.internal", 80)]
    public void Daemon_on_TCP_is_read(string text, string host, int port)
    {
        Assert.True(DaemonAddress.TryParse(text, Base, out var address, out var error), error);
        Assert.Equal(new DaemonAddress(null, host, port), address);
    }

    [Fact]
    public void Relative_socket_starts_from_the_given_folder()
    {
        Assert.True(DaemonAddress.TryParse("unix:../run/app.sock", Base, out var address, out _));
        Assert.Equal(Path.GetFullPath(Path.Combine(Base, "..", "run", "app.sock")), address.UnixSocket);
        Assert.Null(address.Host);
    }

    [Theory]
    [InlineData("/run/app.sock", "is no daemon's address")]
    [InlineData(null, "is no daemon's address")]
    [InlineData("unix:", "names no socket")]
    [InlineData("https://127.0.0.1:9000", "write http://127.0.0.1:9000")]
    [InlineData("http://127.0.0.1:0", "has port 0")]
    [InlineData("http://*:9000", "as its host")]
    [InlineData("http://a b:9000", "as its host")]
    [InlineData("http://127.0.0.1:9000/app", "with no path")]
    public void What_is_no_daemon_address_says_why(string? text, string why)
    {
        Assert.False(DaemonAddress.TryParse(text, Base, out _, out var error));
        Assert.Contains(why, error);
    }

    [Fact]
    public void Socket_path_longer_than_the_system_takes_is_refused()
    {
        Assert.False(DaemonAddress.TryParse("unix:/" + new string('x', 200), Base, out _, out var error));
        Assert.Contains("longer than this system takes", error);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("https://[::1]:8443")]
    public void Address_is_written_as_it_is_read(string text)
    {
        Assert.True(ListenAddress.TryParse(text, out var address, out _));
        Assert.Equal(text, address.ToString());
    }
}
