using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class StampedConnectionTests
{
    private const string ChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    [Fact]
    public async Task Each_receive_is_stamped_with_the_bytes_so_far()
    {
        // The second piece is sent only when the test has seen the first at the probe, so the two cannot arrive as one.
        using var server = new OneResponseServer();
        var connection = StampedConnection.Start(server.Request() with { KeepBody = true });
        await server.SendAsync(ChunkedHead + "5\r\nhello\r\n");
        while (connection.BodyBytes < 5)
            await Task.Yield();
        await server.SendAsync("3\r\n, y\r\n0\r\n\r\n");

        await connection.Ended.WaitAsync(Limit());

        Assert.True(connection.Response.IsComplete);
        Assert.Null(connection.Problem);
        Assert.Equal([5, 8], connection.Receipts.Select(receipt => receipt.BodyBytes));
        Assert.True(connection.Receipts[0].Timestamp < connection.Receipts[1].Timestamp);
        Assert.True(connection.SentAt <= connection.HeadAt && connection.HeadAt <= connection.Receipts[0].Timestamp);
    }

    [Fact]
    public async Task A_head_is_enough_when_only_that_is_wanted()
    {
        using var server = new OneResponseServer();
        var connection = StampedConnection.Start(server.Request());
        await server.SendAsync(ChunkedHead);

        await connection.WatchAsync(connection.Answered, () => false, Limit());

        Assert.Null(connection.Problem);
        Assert.False(connection.Response.IsComplete);
        Assert.NotNull(connection.TimeToHead);
        Assert.Null(connection.TimeToFirstByte);
    }

    [Fact]
    public async Task A_connection_closed_in_mid_body_is_a_failure_that_keeps_what_came()
    {
        using var server = new OneResponseServer();
        var connection = StampedConnection.Start(server.Request());
        await server.SendAsync(ChunkedHead + "5\r\nhello\r\n");
        server.Close();

        await connection.Ended.WaitAsync(Limit());

        Assert.Equal(MeasurementFailure.BrokenOff, connection.Failure);
        Assert.Contains("broke off after 5 bytes", connection.Problem);
        Assert.Equal(5, connection.BodyBytes);
    }

    [Fact]
    public async Task Cancellation_keeps_what_was_measured()
    {
        using var server = new OneResponseServer();
        using var cancellation = new CancellationTokenSource();
        var connection = StampedConnection.Start(server.Request());
        var watching = connection.WatchAsync(connection.Ended, () => false, cancellation.Token);
        await server.SendAsync(ChunkedHead + "5\r\nhello\r\n");
        while (connection.BodyBytes < 5)
            await Task.Yield();
        await cancellation.CancelAsync();

        await watching.WaitAsync(Limit());

        Assert.Equal(MeasurementFailure.None, connection.Failure);
        Assert.Null(connection.Problem);
        Assert.False(connection.Response.IsComplete);
        Assert.Equal(5, connection.BodyBytes);
    }

    [Fact]
    public async Task A_silent_server_is_given_up_at_the_limit_of_a_wait()
    {
        using var server = new OneResponseServer();
        var connection = await StampedConnection.ReadAsync(server.Request() with { WaitLimit = TimeSpan.FromMilliseconds(50) }, Limit());

        Assert.Equal(MeasurementFailure.TimedOut, connection.Failure);
        Assert.Contains("within 0.05 s", connection.Problem);
    }

    [Fact]
    public async Task An_endless_response_is_given_up_at_the_limit_of_the_whole()
    {
        using var server = new OneResponseServer();
        var connection = await StampedConnection.ReadAsync(server.Request() with { Limit = TimeSpan.FromMilliseconds(50) }, Limit());

        Assert.Equal(MeasurementFailure.TimedOut, connection.Failure);
        Assert.Contains("had not ended after 0.05 s", connection.Problem);
    }

    [Fact]
    public async Task Nobody_listening_is_one_sentence()
    {
        IPEndPoint free;
        using (var server = new OneResponseServer())
            free = server.EndPoint;

        var connection = await StampedConnection.ReadAsync(
            new ConnectionRequest { Uri = new($"http://{free}/"), EndPoints = [free] }, Limit());

        Assert.Equal(MeasurementFailure.NotConnected, connection.Failure);
        Assert.StartsWith($"No connection to {free}: ", connection.Problem);
    }

    [Fact]
    public async Task A_unix_socket_is_probed_like_a_port()
    {
        var path = Path.Combine(Path.GetTempPath(), $"probe-{Guid.NewGuid():N}"[..18]);
        using var server = new OneResponseServer(path);
        var connection = StampedConnection.Start(server.Request());
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

        await connection.Ended.WaitAsync(Limit());
        Assert.Equal(2, connection.BodyBytes);
        File.Delete(path);
    }

    [Fact]
    public async Task It_keeps_up_with_a_full_speed_response()
    {
        const int total = 64 << 20;
        var (took, bare) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        // By turns, and the fastest of each: what slows one of them is what else the machine does, and that changes from one moment to the
        // next.
        for (var tries = 0; tries < 3 || (tries < 20 && took >= 5 * bare); tries++)
        {
            if (await BareAsync(total) is var other && other < bare) bare = other;
            if (await StampedAsync(total) is var own && own < took) took = own;
        }
        Assert.True(took < 5 * bare, $"it took {took.TotalSeconds:0.00} s for what a bare socket reads in {bare.TotalSeconds:0.00}");
    }

    private static async Task<TimeSpan> StampedAsync(int total)
    {
        using var server = new OneResponseServer();
        var connection = StampedConnection.Start(server.Request());
        await server.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n");
        await SendAsync(server, total);
        await connection.Ended.WaitAsync(Limit());
        Assert.Equal(total, connection.BodyBytes);
        return Stopwatch.GetElapsedTime(connection.HeadAt);
    }

    /// <summary>How long a socket whose bytes nobody looks at takes for as much, on this machine as it is now.</summary>
    private static async Task<TimeSpan> BareAsync(int total)
    {
        using var server = new OneResponseServer();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint);
        await socket.SendAsync("GET /x HTTP/1.1\r\n\r\n"u8.ToArray());
        var sending = SendAsync(server, total);
        var start = Stopwatch.GetTimestamp();
        var buffer = new byte[65_536];
        for (var left = total; left > 0;) left -= await socket.ReceiveAsync(buffer, Limit());
        var took = Stopwatch.GetElapsedTime(start);
        await sending;
        return took;
    }

    private static async Task SendAsync(OneResponseServer server, int total)
    {
        var block = new byte[1 << 20];
        for (var sent = 0; sent < total; sent += block.Length) await server.SendAsync(block);
    }

    private static CancellationToken Limit() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    /// <summary>Accepts one connection and sends what the test says, when it says so.</summary>
    private sealed class OneResponseServer : IDisposable
    {
        private readonly Socket _listener;
        private readonly Task<Socket> _connection;

        public OneResponseServer(string? unixSocket = null)
        {
            _listener = unixSocket is null
                ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
                : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            _listener.Bind(unixSocket is null ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(unixSocket));
            _listener.Listen();
            _connection = AcceptAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

        public ConnectionRequest Request() => new() { Uri = new("http://localhost/x"), EndPoints = [_listener.LocalEndPoint!] };

        public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

        public async Task SendAsync(byte[] bytes)
        {
            var connection = await _connection;
            for (var sent = 0; sent < bytes.Length;)
                sent += await connection.SendAsync(bytes.AsMemory(sent));
        }

        public void Close() => _connection.Result.Close();

        public void Dispose()
        {
            _listener.Dispose();
            if (_connection.IsCompletedSuccessfully)
                _connection.Result.Dispose();
        }

        /// <summary>Takes the request in before anything is sent: closing a socket with unread bytes would reset the connection.</summary>
        private async Task<Socket> AcceptAsync()
        {
            var connection = await _listener.AcceptAsync();
            var request = new byte[4096];
            var length = 0;
            while (!Encoding.ASCII.GetString(request, 0, length).EndsWith("\r\n\r\n", StringComparison.Ordinal))
                length += await connection.ReceiveAsync(request.AsMemory(length));
            return connection;
        }
    }
}
