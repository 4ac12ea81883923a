using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Pacing;

namespace DaemonProxy.Tests.Verification;

/// <summary>Stands for a front end: answers every connection with the same bytes and closes it.</summary>
internal sealed class AnsweringServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;

    public AnsweringServer(string answer)
    {
        _answer = Encoding.ASCII.GetBytes(answer);
        _listener.Start();
        _ = ServeAsync();
    }

    public InstanceStatus Status(params RouteStatus[] routes) => Describe(((IPEndPoint)_listener.LocalEndpoint).Port, routes);

    /// <summary>An instance with the groups <c>demo</c>, the sample application, and <c>app</c>, something else.</summary>
    public static InstanceStatus Describe(int port, params RouteStatus[] routes) => new()
    {
        Name = "site",
        ProcessId = Environment.ProcessId,
        StartTime = DateTime.UnixEpoch,
        State = nameof(InstanceState.Serving),
        Uris = [new Uri($"http://127.0.0.1:{port}")],
        Version = "0",
        Daemons = [Daemon("demo", DaemonSource.Sample), Daemon("app", DaemonSource.Command)],
        Routes = routes,
    };

    public static RouteStatus Route(string path, string daemon, long rateLimit) =>
        new()
        {
            Name = "site",
            Route = path,
            Daemon = daemon,
            RateLimits = [new() { Name = "site", Index = 1, Rate = rateLimit, Pacer = nameof(PacerKind.TokenBucket) }]
        };

    public void Dispose() => _listener.Dispose();

    private static DaemonStatus Daemon(string name, DaemonSource source) => new()
    {
        Name = "site",
        Daemon = name,
        Source = source.ToString(),
        State = nameof(DaemonState.Ready),
        Address = $"unix:/run/{name}.sock",
        FlushPolicy = new()
        {
            Name = "site",
            Daemon = name,
            FlushDelay = TimeSpan.FromMilliseconds(5),
            BufferSize = 8 << 20,
            FlushDeadline = TimeSpan.FromMilliseconds(50),
        },
    };

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync();
                var request = new byte[4096];
                var length = 0;
                while (!Encoding.ASCII.GetString(request, 0, length).EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    length += await connection.ReceiveAsync(request.AsMemory(length));
                await connection.SendAsync(_answer);
                connection.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
