using System.Net.Sockets;
using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Sample;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// What the server refuses by itself, by the event that is logged of it: a new version of the server that names its reasons otherwise fails
/// here.
/// </summary>
public sealed class RefusedRequestTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpx-").FullName;
    private readonly SampleApplication _application = new();
    private readonly TaskCompletionSource<BadHttpRequestException> _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpServer _server = null!;

    private string SocketPath => Path.Combine(_folder, "server.sock");

    public async ValueTask InitializeAsync() => _server = await HttpServer.StartAsync(
        new HttpServerOptions { UnixSocket = SocketPath, Refused = failure => _refused.TrySetResult(failure) }, _application,
            CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _application.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1|Host: x|Transfer-Encoding: gzip", 400, "WSGI0138")]
    [InlineData("POST / HTTP/1.1|Host: x|Transfer-Encoding: chunked, gzip", 400, "WSGI0138")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: 3x", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: -3", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: +3", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: 99999999999999999999", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: 3|Content-Length: 4", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: 3|Content-Length: 3", 400, "WSGI0141")]
    [InlineData("POST / HTTP/1.0|Host: x", 400, "WSGI0141")]
    // What a client wrote is in the server's sentence, and no reason for another event.
    [InlineData("GET / HTTP/1.1|Host: x|a transfer coding: x", 400, "DPXY0023")]
    [InlineData("POST / HTTP/1.1|Host: x|Content-Length: 3|Invalid content length", 400, "DPXY0023")]
    [InlineData("GET /transfer coding HTTP/1.1|Host: x", 400, "DPXY0023")]
    [InlineData("GET / HTTP/1.1|Host: Content-Length", 400, null)]
    [InlineData("GET / HTTP/1.1|Host: x|Host: y", 400, "DPXY0023")]
    [InlineData("GET / HTTP/1.1|X: 1", 400, "DPXY0023")]
    [InlineData("GET / HTTP/1.1|Host: x/y", 400, "DPXY0023")]
    [InlineData("GET / HTTP/3.1|Host: x", 505, "DPXY0023")]
    [InlineData("GET / HTTP/1.1|Host: x|: nameless", 400, "DPXY0023")]
    [InlineData("nonsense", 400, "DPXY0023")]
    public async Task Refusal_is_logged_as_what_it_is(string head, int status, string? code)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        await socket.SendAsync(Encoding.Latin1.GetBytes(head.Replace("|", "\r\n", StringComparison.Ordinal) + "\r\n\r\n"));

        if (code is null)
        {
            Assert.StartsWith("HTTP/1.1 200 ", await AnswerAsync(socket));
            return;
        }
        var failure = await _refused.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((status, code), (failure.StatusCode, RefusedRequest.Reason(failure).Code));
    }

    [Fact]
    public async Task Too_large_and_too_many_are_malformed()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{new string('a', 20_000)} HTTP/1.1\r\nHost: x\r\n\r\n"));

        var failure = await _refused.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((414, EventCatalogue.RequestMalformed), (failure.StatusCode, RefusedRequest.Reason(failure)));
    }

    [Fact]
    public void Refusal_that_is_not_the_servers_own_is_malformed() =>
        Assert.Same(EventCatalogue.RequestMalformed,
            RefusedRequest.Reason(new BadHttpRequestException("Invalid content length: transfer coding")));

    private static async Task<string> AnswerAsync(Socket socket)
    {
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
    }
}
