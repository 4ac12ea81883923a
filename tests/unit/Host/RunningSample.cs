using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Sample;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The sample application on a Unix socket of its own, in this process.</summary>
public sealed class RunningSample : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpx-").FullName;
    private SampleApplication? _application;
    private HttpServer? _server;

    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    public HttpClient Client { get; private set; } = null!;

    private string SocketPath => Path.Combine(_folder, "sample.sock");

    public async ValueTask InitializeAsync()
    {
        _application = new SampleApplication();
        _server = await HttpServer.StartAsync(DaemonServer.OptionsOf(new(SocketPath, null)), _application, CancellationToken.None);
        Client = new HttpClient(
            new SocketsHttpHandler { ConnectCallback = async (_, cancellationToken) => await ConnectAsync(cancellationToken) })
        {
            BaseAddress = new Uri("http://sample/"),
            Timeout = Limit,
        };
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server!.DisposeAsync();
        _application!.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A connection on which a test speaks for itself.</summary>
    public async Task<NetworkStream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Sends a request as it stands, and reads until the server closes.</summary>
    public async Task<string> ExchangeAsync(string request)
    {
        using var limit = new CancellationTokenSource(Limit);
        await using var connection = await ConnectAsync(limit.Token);
        await connection.WriteAsync(Encoding.Latin1.GetBytes(request), limit.Token);
        using var response = new MemoryStream();
        await connection.CopyToAsync(response, limit.Token);
        return Encoding.Latin1.GetString(response.ToArray());
    }

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string target)
    {
        using var response = await Client.GetAsync(target);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
