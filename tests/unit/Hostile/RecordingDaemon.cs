using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Tests.Hostile;

/// <summary>Has a daemon's connection end by a reset.</summary>
internal sealed class ResetException : Exception;

/// <summary>
/// A daemon on a loopback port that reads by <see cref="StrictRequestReader"/>, keeps what it has seen, and answers each request with what
/// that request was, so that a client can tell its own answer from another's. A violation is kept, answered with 400, and ends the
/// connection.
/// </summary>
internal sealed class RecordingDaemon : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<SeenRequest> _seen = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly string _name;
    private readonly Func<SeenRequest, Stream, Task<bool>>? _answer;
    private readonly Task _accepting;

    /// <summary>Starts it.</summary>
    /// <param name="name">What its answers say who it is.</param>
    /// <param name="answer">Answers in its stead; gives whether the connection stays. Null: it answers itself.</param>
    public RecordingDaemon(string name = "daemon", Func<SeenRequest, Stream, Task<bool>>? answer = null)
    {
        _name = name;
        _answer = answer;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    /// <summary>What it has seen since the last call.</summary>
    public IReadOnlyList<SeenRequest> TakeSeen()
    {
        var seen = new List<SeenRequest>();
        while (_seen.TryDequeue(out var request)) seen.Add(request);
        return seen;
    }

    /// <summary>The violations since the last call.</summary>
    public IReadOnlyList<string> TakeViolations()
    {
        var violations = new List<string>();
        while (_violations.TryDequeue(out var violation)) violations.Add(violation);
        return violations;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true));
        var reader = new StrictRequestReader(stream);
        try
        {
            while (await reader.ReadAsync(_end.Token) is { } request)
            {
                _seen.Enqueue(request);
                if (_answer is not null)
                {
                    if (!await _answer(request, stream)) return;
                }
                else await stream.WriteAsync(AnswerTo(request), _end.Token);
                await stream.FlushAsync(_end.Token);
            }
        }
        catch (ViolationException violation)
        {
            // A request that the front end gives up in its middle is no violation: the connection ends with it.
            if (!violation.Message.StartsWith("ends in its", StringComparison.Ordinal)) _violations.Enqueue(violation.Message);
        }
        catch (ResetException)
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or ObjectDisposedException)
        {
        }
    }

    /// <summary>The answer that says what a request was.</summary>
    public byte[] AnswerTo(SeenRequest request)
    {
        var body = $"{_name} {request.Method} {request.Target}\n";
        var head = string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n");
        return Encoding.Latin1.GetBytes(request.Method == "HEAD" ? head : head + body);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }
}
