using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Tests.Differential;

/// <summary>
/// A daemon on a loopback port that writes down every request as <see cref="StrictRequestReader"/> reads it, answers 200 and keeps the
/// connection.
/// </summary>
internal sealed class RecordingDaemon : IAsyncDisposable
{
    private static readonly string[] Told = ["TE", "Upgrade", "Expect", "Trailer", "Proxy", "Forwarded", "Via"];

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _seen = [];
    private readonly Task _accepting;

    public RecordingDaemon()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>What was seen since the last call: a request a line, or what could not be read.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = new List<string>();
        while (_seen.TryDequeue(out var one)) taken.Add(one);
        return taken;
    }

    /// <summary>How many are waiting to be taken.</summary>
    public int Count => _seen.Count;

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var _ = socket;
        socket.NoDelay = true;
        var reader = new StrictRequestReader(socket);
        try
        {
            while (await reader.ReadAsync(_end.Token, () => SendAsync(socket, "HTTP/1.1 100 Continue\r\n\r\n")) is { } request)
            {
                _seen.Enqueue(Describe(request));
                var body = request.Line.StartsWith("HEAD ", StringComparison.Ordinal) ? "" : "ok";
                await SendAsync(socket, $"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n{body}");
            }
        }
        catch (InvalidDataException unreadable)
        {
            // A proxy that gives up in the middle of a request has harmed nobody.
            if (!unreadable.Message.StartsWith("the connection ended", StringComparison.Ordinal))
                _seen.Enqueue("UNREADABLE: " + unreadable.Message);
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy or the test has had enough.
        }
    }

    private static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text));

    private static string Describe(ReadRequest request)
    {
        var text = new StringBuilder(request.Line).Append(" host=").Append(request.All("Host").Single());
        if (request.Framing != "none") text.Append($" {(request.Framing == "chunked" ? "chunked" : "length")}={request.Body.Length}");
        foreach (var (name, value) in request.Headers)
        {
            if (name.Equals("X-Forwarded-For", StringComparison.OrdinalIgnoreCase) && value != "127.0.0.1") text.Append($" FORGED {value}");
            if (Told.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith("trailer ", StringComparison.Ordinal)
                || IsOwn(name))
                text.Append($" {name.ToLowerInvariant()}={value}");
        }
        return text.ToString();
    }

    // X-A and its like are a test's; X-Forwarded-* is what a proxy may add, and only a forged one is worth a word.
    private static bool IsOwn(string name) =>
        name.StartsWith("X", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }
}
