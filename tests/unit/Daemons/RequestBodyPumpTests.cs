using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>A request's body on its way to a daemon: what its head says of its length is what is sent, or the connection ends.</summary>
public sealed class RequestBodyPumpTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Pumps a body that the client has sent and ended; gives what the daemon received, and the pump when it has stopped.
    /// </summary>
    private static async Task<(string Received, RequestBodyPump Pump)> PumpAsync(
        RequestFraming framing, string[] parts, Func<IEnumerable<KeyValuePair<string, string>>>? trailers = null,
            Exception? clientFails = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        using var daemon = await listener.AcceptSocketAsync();
        using var connection = new DaemonConnection(socket, new DaemonLimits(Limit, 8192), TimeProvider.System);
        var body = new Pipe();
        var pump = new RequestBodyPump(
            new RequestBody { Reader = body.Reader, Framing = framing, Trailers = trailers }, connection, new FakeTimeProvider());
        pump.Start();
        foreach (var part in parts)
        {
            await body.Writer.WriteAsync(Encoding.Latin1.GetBytes(part));
            // Each part is taken before the next comes, unless the pump has given the body up.
            for (var i = 0; i < 200 && pump.ClientFailure is null && !pump.Complete
                && body.Writer.UnflushedBytes > 0; i++) await Task.Delay(1);
        }
        await body.Writer.CompleteAsync(clientFails);
        var ended = Task.Run(async () =>
        {
            while (pump is { Complete: false, ClientFailure: null, DaemonFailure: null }) await Task.Delay(1);
        });
        await ended.WaitAsync(Limit);
        await pump.StopAsync();
        connection.Dispose();
        return (await EndToEnd.RunningFrontEnd.ReadToEndAsync(daemon), pump);
    }

    [Theory]
    [InlineData(5, "hello")]
    [InlineData(5, "he", "llo")]
    [InlineData(0)]
    public async Task Body_with_a_length_is_sent_as_it_is(long length, params string[] parts)
    {
        var (received, pump) = await PumpAsync(RequestFraming.OfLength(length), parts);
        Assert.Equal((string.Concat(parts), true), (received, pump.Complete));
    }

    [Fact]
    public async Task Body_without_a_length_is_sent_in_chunks_with_its_trailers()
    {
        var (received, pump) = await PumpAsync(RequestFraming.Chunked, ["hello"], () => [new("X-Sum", "1")]);
        Assert.Equal(("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", true), (received, pump.Complete));
    }

    [Theory]
    [InlineData(4, "hello")]
    [InlineData(4, "hell", "GET / HTTP/1.1")]
    [InlineData(6, "hello")]
    public async Task Body_of_another_length_than_its_head_says_ends_the_connection(long length, params string[] parts)
    {
        var (received, pump) = await PumpAsync(RequestFraming.OfLength(length), parts);
        Assert.True(received.Length <= length, $"the daemon got '{received}'");
        Assert.Equal((EventCatalogue.RequestBodyReadError, false), (pump.ClientFailure!.Reason, pump.Complete));
    }

    [Theory]
    [InlineData("X\r\nX-Forged", "1")]
    [InlineData("X:Y", "1")]
    [InlineData("X", "1\r\n\r\nGET / HTTP/1.1")]
    [InlineData("X", "1\n")]
    [InlineData("", "1")]
    public async Task Malformed_trailer_ends_the_connection_and_is_the_clients_mistake(string name, string value)
    {
        var (received, pump) = await PumpAsync(RequestFraming.Chunked, ["hello"], () => [new(name, value)]);
        Assert.Equal("5\r\nhello\r\n", received);
        Assert.Equal((EventCatalogue.RequestMalformed, false), (pump.ClientFailure!.Reason, pump.Complete));
    }

    [Fact]
    public async Task Trailers_that_cannot_be_read_at_all_leave_no_worker_waiting()
    {
        var (_, pump) = await PumpAsync(RequestFraming.Chunked, ["hello"], () => throw new InvalidOperationException("no trailers"));
        Assert.Equal(EventCatalogue.InternalError, pump.ClientFailure!.Reason);
    }

    [Fact]
    public async Task Client_that_breaks_off_ends_the_connection()
    {
        var (_, pump) = await PumpAsync(RequestFraming.OfLength(10), ["hello"], clientFails: new IOException("reset"));
        Assert.Equal((EventCatalogue.RequestBodyReadError, false), (pump.ClientFailure!.Reason, pump.Complete));
    }
}
