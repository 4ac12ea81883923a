using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What a daemon may take in time and in words before its answer, and how long a connection to it rests.</summary>
public sealed class DaemonLimitTests : IAsyncLifetime
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly TcpListener _daemon = new(IPAddress.Loopback, 0);
    private RunningFrontEnd _frontEnd = null!;
    private volatile Func<Socket, Task> _answer = connection => connection.SendAsync(Encoding.ASCII.GetBytes(Answer));
    private int _connections;
    private int _open;

    public async ValueTask InitializeAsync()
    {
        _daemon.Start();
        _ = ServeAsync();
        var address = $"http://127.0.0.1:{((IPEndPoint)_daemon.LocalEndpoint).Port}";
        _frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            daemons:
              - { name: app, address: "{{address}}", socket-timeout: 1s, daemon-keepalive: 1s }
              - { name: resting, address: "{{address}}", daemon-keepalive: 60s }
              - { name: patient, address: "{{address}}", socket-timeout: 1s, response-header-timeout: 20s }
              - { name: posting, address: "{{address}}", daemon-keepalive: 60s, keepalive-unrepeatable: on }
              - { name: closing, address: "{{address}}", daemon-keepalive: 0 }
            routes: [ { path: /, daemon: app }, { path: /resting, daemon: resting }, { path: /patient, daemon: patient }, { path: /posting, daemon: posting }, { path: /closing, daemon: closing } ]
            """);
    }

    public async ValueTask DisposeAsync()
    {
        _daemon.Dispose();
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true) _ = AnswerAsync(await _daemon.AcceptSocketAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using var _ = connection;
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _open);
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                for (var request = ""; !request.Contains("\r\n\r\n")
                    || (request.Contains("Content-Length: 1\r\n") && request.EndsWith("\r\n\r\n"));)
                {
                    var count = await connection.ReceiveAsync(buffer);
                    if (count == 0) return;
                    request += Encoding.Latin1.GetString(buffer, 0, count);
                }
                await _answer(connection);
            }
        }
        catch (SocketException)
        {
            // The front end has had enough.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static async Task DripAsync(Socket connection, string text, int everyMs)
    {
        foreach (var b in Encoding.ASCII.GetBytes(text))
        {
            await connection.SendAsync(new[] { b });
            await Task.Delay(everyMs);
        }
    }

    [Theory]
    [InlineData("/", 504)]
    [InlineData("/patient", 200)]
    public async Task Head_that_comes_byte_by_byte_has_a_limit_in_all(string path, int status)
    {
        _answer = async connection =>
        {
            await DripAsync(connection, Answer[..30], everyMs: 60);
            await connection.SendAsync(Encoding.ASCII.GetBytes(Answer[30..]));
        };
        using var response = await _frontEnd.Client.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        if (status != 200) await _frontEnd.EventAsync("WSGI0145");
    }

    [Fact]
    public async Task Interim_responses_that_go_on_for_ever_have_a_limit_in_time()
    {
        _answer = async connection =>
        {
            for (var i = 0; i < 200; i++) await DripAsync(connection, "HTTP/1.1 102 P\r\n\r\n", everyMs: 5);
        };
        using var response = await _frontEnd.Client.GetAsync("/");
        Assert.Equal(504, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(100, 10, 200)]
    [InlineData(101, 10, 502)]
    [InlineData(40, 8_000, 502)]
    public async Task Interim_responses_have_a_limit_in_number_and_bytes(int number, int length, int status)
    {
        var interim = $"HTTP/1.1 103 Early Hints\r\nX: {new string('a', length)}\r\n\r\n";
        _answer = connection => connection.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(interim, number)) + Answer));
        using var response = await _frontEnd.Client.GetAsync("/");
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 502) Assert.Contains("DPXY0041", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_may_not_be_repeated_has_a_connection_of_its_own()
    {
        await GetAsync("/resting", 3);
        Assert.Equal(1, Volatile.Read(ref _connections));
        await PostAsync("/resting", 3);
        Assert.Equal(4, Volatile.Read(ref _connections));
        await PostAsync("/posting", 3);
        Assert.Equal(5, Volatile.Read(ref _connections));
    }

    [Fact]
    public async Task Connection_that_has_rested_too_long_is_closed()
    {
        await GetAsync("/", 1);
        await RunningFrontEnd.UntilAsync(() => Volatile.Read(ref _open) == 0, "the connection to be closed");
        await GetAsync("/closing", 3);
        Assert.Equal(4, Volatile.Read(ref _connections));
        await RunningFrontEnd.UntilAsync(() => Volatile.Read(ref _open) == 0, "the connections to be closed");
    }

    private async Task GetAsync(string path, int times)
    {
        for (var i = 0; i < times; i++) Assert.Equal("ok", await _frontEnd.Client.GetStringAsync(path));
    }

    private async Task PostAsync(string path, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var response = await _frontEnd.Client.PostAsync(path, new StringContent("x"));
            Assert.Equal(200, (int)response.StatusCode);
        }
    }
}
