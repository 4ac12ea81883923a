using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Clients of every kind that use a front end until they are told to end. Whatever goes wrong for one of them is kept.</summary>
/// <param name="address">The front end.</param>
internal sealed class UpdateTraffic(Uri address)
{
    private static readonly TimeSpan BetweenConnections = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BetweenPieces = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task> _clients = [];
    private int _connections;
    private int _downloads;
    private int _echoes;
    private int _uploads;

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<string> Failures => [.. _failures];

    /// <summary>Connections that got their answer.</summary>
    public int Connections => _connections;

    /// <summary>Lines that came back through upgraded connections.</summary>
    public int Echoes => _echoes;

    /// <summary>Whole downloads and uploads.</summary>
    public (int Downloads, int Uploads) Transfers => (_downloads, _uploads);

    /// <summary>Starts the clients: 50 new connections per second, and some of each other kind.</summary>
    public void Start(int downloads, int tunnels, int uploads)
    {
        _clients.Add(KeepAsync(ConnectAsync));
        for (var i = 0; i < downloads; i++) _clients.Add(KeepAsync(() => DownloadAsync(60_000)));
        for (var i = 0; i < tunnels; i++) _clients.Add(KeepAsync(TunnelAsync));
        for (var i = 0; i < uploads; i++) _clients.Add(KeepAsync(() => UploadAsync(50)));
    }

    /// <summary>Has each client finish what it is doing.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_clients).WaitAsync(2 * RunningFrontEnd.Limit);
    }

    private async Task KeepAsync(Func<Task> use)
    {
        while (!_ending.IsCancellationRequested)
        {
            try { await use(); }
            catch (Exception failure)
            {
                _failures.Enqueue($"{use.Method.Name}: {failure.GetType().Name}: {failure.Message}");
                return;
            }
        }
    }

    private async Task ConnectAsync()
    {
        var next = Task.Delay(BetweenConnections);
        var one = OnceAsync();
        lock (_clients) _clients.Add(one);
        await next;
    }

    private async Task OnceAsync()
    {
        try
        {
            using var connection = await OpenAsync("GET /bytes?n=1000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            var answer = await RunningFrontEnd.ReadToEndAsync(connection);
            if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) || answer.Length - answer.IndexOf("\r\n\r\n") - 4 != 1000)
                throw new InvalidDataException(answer.Length > 60 ? answer[..60] : $"'{answer}'");
            Interlocked.Increment(ref _connections);
        }
        catch (Exception failure)
        {
            _failures.Enqueue($"connection: {failure.GetType().Name}: {failure.Message}");
        }
    }

    private async Task<Socket> OpenAsync(string request)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port).WaitAsync(RunningFrontEnd.Limit);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return socket;
    }

    private async Task DownloadAsync(int bytes)
    {
        using var connection = await OpenAsync($"GET /paced/bytes?n={bytes} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        var answer = await RunningFrontEnd.ReadToEndAsync(connection);
        var got = answer.Length - answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) - 4;
        if (got != bytes) throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{got} of {bytes} bytes"));
        Interlocked.Increment(ref _downloads);
    }

    private async Task UploadAsync(int pieces)
    {
        var piece = new byte[1000];
        using var connection = await OpenAsync(
            $"POST /sink HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {pieces * piece.Length}\r\n\r\n");
        for (var i = 0; i < pieces; i++)
        {
            await connection.SendAsync(piece);
            await Task.Delay(BetweenPieces);
        }
        var answer = await RunningFrontEnd.ReadToEndAsync(connection);
        if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) throw new InvalidDataException($"'{answer}'");
        Interlocked.Increment(ref _uploads);
    }

    // One connection for as long as the traffic lasts.
    private async Task TunnelAsync()
    {
        using var connection = await OpenAsync("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        using var stream = new StreamReader(new NetworkStream(connection), Encoding.Latin1);
        using var limit = new CancellationTokenSource(4 * RunningFrontEnd.Limit);
        string? line;
        var head = await stream.ReadLineAsync(limit.Token);
        Assert.StartsWith("HTTP/1.1 101", head);
        while ((line = await stream.ReadLineAsync(limit.Token)) is { Length: > 0 })
        {
        }
        for (var i = 0; !_ending.IsCancellationRequested; i++)
        {
            await connection.SendAsync(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"line {i}\n")));
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"line {i}"), await stream.ReadLineAsync(limit.Token));
            Interlocked.Increment(ref _echoes);
            await Task.Delay(BetweenPieces);
        }
    }
}
