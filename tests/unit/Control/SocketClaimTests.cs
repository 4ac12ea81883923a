using System.Net.Sockets;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.Control;

/// <summary>The second name of another user's socket: taken for that user's own sockets, and for nothing else that may stand there.</summary>
public sealed class SocketClaimTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dp-claim-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _socket;
    private readonly SocketClaim _claim;

    public SocketClaimTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no users' sockets on Windows");
        _socket = Path.Combine(_folder, "app.sock");
        _claim = new SocketClaim(Path.Combine(_folder, "claimed.sock"), FileOwner.CurrentUser);
        _listener.Bind(new UnixDomainSocketEndPoint(_socket));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Socket_of_the_user_is_reached_by_its_second_name_whatever_becomes_of_the_first()
    {
        Assert.True(_claim.TryTake(_socket));
        File.Delete(_socket);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(_claim.Path));
        _claim.Release();
        Assert.False(File.Exists(_claim.Path));
    }

    [Fact]
    public void Socket_of_somebody_else_is_not_taken() => Refused(_claim with { Owner = _claim.Owner + 1 }, _socket);

    [Fact]
    public void Link_to_a_socket_is_not_taken()
    {
        var link = Path.Combine(_folder, "link.sock");
        File.CreateSymbolicLink(link, _socket);
        Refused(_claim, link);
        Assert.NotNull(new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void File_is_not_taken()
    {
        var file = Path.Combine(_folder, "file.sock");
        File.WriteAllText(file, "text");
        Refused(_claim, file);
        Assert.Equal("text", File.ReadAllText(file));
    }

    [Fact]
    public void Nothing_is_not_taken() => Refused(_claim, Path.Combine(_folder, "none.sock"));

    private static void Refused(SocketClaim claim, string socket)
    {
        Assert.False(claim.TryTake(socket));
        Assert.False(File.Exists(claim.Path) || new FileInfo(claim.Path).LinkTarget is not null);
    }
}
