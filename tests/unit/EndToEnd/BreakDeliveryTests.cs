using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A daemon that dies in the middle of its response, and a client that has not read yet what came before: it is the client's, and is what
/// the access log counts.
/// </summary>
public sealed class BreakDeliveryTests : IAsyncLifetime
{
    private const int Sent = 200_000;

    private readonly TcpListener _daemon = new(IPAddress.Loopback, 0);
    private readonly string _folder = RunningFrontEnd.NewFolder();
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync()
    {
        _daemon.Start();
        _ = ServeAsync();
        _frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: site
            access-log: access.log
            daemons:
              - { name: patient, address: "http://127.0.0.1:{{((IPEndPoint)_daemon.LocalEndpoint).Port}}" }
              - { name: hasty, address: "http://127.0.0.1:{{((IPEndPoint)_daemon.LocalEndpoint).Port}}", response-socket-timeout: 500ms }
            routes: [ { path: /patient, daemon: patient }, { path: /hasty, daemon: hasty } ]
            """, _folder);
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

    private static async Task AnswerAsync(Socket connection)
    {
        using var _ = connection;
        var buffer = new byte[8192];
        var request = Encoding.Latin1.GetString(buffer, 0, await connection.ReceiveAsync(buffer));
        var size = request.Contains("/endless") ? 100 << 20 : Sent;
        var (framing, frame) = request.Contains("/chunked")
            ? ("Transfer-Encoding: chunked", $"{size:x}\r\n") : ($"Content-Length: {1 << 30}", "");
        await connection.SendAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{frame}"));
        await connection.SendAsync(new byte[size]);
    }

    private async Task<Socket> AskAsync(string path)
    {
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        await client.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        return client;
    }

    /// <summary>What was received behind the head; of a chunked body without its frames, which have nothing of a zero byte.</summary>
    private static int BodyOf(string received) =>
        received[(received.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Count(c => c == '\0');

    private async Task<long> LoggedAsync(string path)
    {
        string? line = null;
        await RunningFrontEnd.UntilAsync(
            () => (line = ReadLog().FirstOrDefault(logged => logged.Contains($"GET {path} "))) is not null, $"the line of {path}");
        var count = line!.Split("\" 200 ")[1].Split(' ')[0];
        return count == "-" ? 0 : long.Parse(count, CultureInfo.InvariantCulture);
    }

    private string[] ReadLog()
    {
        var file = Path.Combine(_folder, "access.log");
        if (!File.Exists(file)) return [];
        using var log = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Theory]
    [InlineData("/patient/length")]
    [InlineData("/patient/chunked")]
    public async Task Slow_client_gets_everything_that_came_before_the_break(string path)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("how far a client has got is known on Linux alone");
        using var client = await AskAsync(path);
        // All of it waits in the system when the daemon's end is found.
        await _frontEnd.EventAsync("WSGI0119");
        var received = await RunningFrontEnd.ReadToEndAsync(client);
        Assert.Equal(Sent, BodyOf(received));
        Assert.DoesNotContain("\r\n0\r\n", received);
        Assert.Equal(Sent, await LoggedAsync(path));
    }

    [Theory]
    [InlineData("/hasty/length", "WSGI0119")]
    [InlineData("/hasty/chunked", "WSGI0119")]
    [InlineData("/hasty/endless", "WSGI0120")]
    public async Task Client_that_reads_nothing_is_broken_off_and_what_it_did_not_take_is_not_counted(string path, string code)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("how far a client has got is known on Linux alone");
        using var client = await AskAsync(path);
        await _frontEnd.EventAsync(code);
        var logged = await LoggedAsync(path);
        var received = BodyOf(await RunningFrontEnd.ReadToEndAsync(client));
        Assert.InRange(received, 1, Sent - 1);
        // The frames of chunks that were lost are not told from data.
        Assert.InRange(logged, received - (path.EndsWith("/chunked", StringComparison.Ordinal) ? 256 : 0), received);
    }
}
