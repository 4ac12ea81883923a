using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace DaemonProxy.Tests.Fleet;

/// <summary>A Redis server of its own, on a Unix socket in a folder of its own, ended with it.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    public const string Missing = "redis-server is not installed (Debian: redis-server)";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string[] _options;
    private Process _process;

    private RedisProcess(string folder, string[] options)
    {
        (Folder, _options) = (folder, options);
        _process = Launch();
    }

    public static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public string Folder { get; }

    public string Socket => Path.Combine(Folder, "r.sock");

    public int ProcessId => _process.Id;

    /// <summary>Starts a server with these further options of its command line.</summary>
    public static async Task<RedisProcess> StartAsync(params string[] options)
    {
        var server = new RedisProcess(Directory.CreateTempSubdirectory("dpr-").FullName, options);
        await server.ListensAsync();
        return server;
    }

    /// <summary>The options of a server that speaks TLS on a port, with site.pem and site.key of a folder.</summary>
    public static string[] Tls(int port, string folder) =>
    [
        "--tls-port", $"{port}", "--bind", "127.0.0.1", "--tls-auth-clients", "no", "--tls-cert-file", Path.Combine(folder, "site.pem"),
        "--tls-key-file", Path.Combine(folder, "site.key"), "--tls-ca-cert-file", Path.Combine(folder, "site.pem"),
    ];

    public async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var options = new ConfigurationOptions { EndPoints = { new UnixDomainSocketEndPoint(Socket) }, AllowAdmin = true };
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>A port that nobody listens on. Redis cannot choose one itself.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Kills the server; what it held is lost.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        _process.Dispose();
    }

    /// <summary>Starts it again, empty.</summary>
    public async Task StartAgainAsync()
    {
        _process = Launch();
        await ListensAsync();
    }

    private Process Launch() => Process.Start(new ProcessStartInfo("redis-server",
        ["--port", "0", "--unixsocket", Socket, "--save", "", "--dir", Folder, "--logfile", Path.Combine(Folder, "log"), .. _options])
    {
        // What a test leaves behind must not hold the output of the test run.
        RedirectStandardOutput = true,
    })!;

    private async Task ListensAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
