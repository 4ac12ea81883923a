using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Verification;

/// <summary>
/// A client whose only interest is when what arrives: it sends one HTTP/1.1 request on a plain socket and stamps every receive.
/// </summary>
/// <remarks>
/// Each probe has a thread of its own that blocks in the receive. An awaited receive would be stamped when the thread pool
/// gets round to it, and a busy pool then looks like a late proxy; a blocked thread is woken by the system itself. For the
/// same reason the socket never does an asynchronous operation: after the first, .NET serves even blocking calls on it from
/// its polling thread. All that can end a blocked call early is closing the socket, so that is how limits and cancellation work.
/// </remarks>
internal sealed class ResponseProbe
{
    /// <summary>Far above what a paced response has ready at once; at full speed it bounds the number of receipts.</summary>
    private const int ReceiveSize = 256 * 1024;

    private readonly ProbeRequest _request;
    private readonly ResponseDecoder _decoder;
    private readonly List<Receipt> _receipts = new(4096);
    private long _bodyBytes;
    private long _sentAt;
    private long _headAt;

    private ResponseProbe(ProbeRequest request)
    {
        _request = request;
        _decoder = new ResponseDecoder(request.Method, request.KeepBody);
    }

    /// <summary>Body bytes so far; may be read from any thread while the probe runs.</summary>
    public long BodyBytes => Volatile.Read(ref _bodyBytes);

    /// <summary>What was seen; never faults and is never cancelled: <see cref="ProbedResponse.End"/> tells.</summary>
    public Task<ProbedResponse> Response { get; private set; } = null!;

    /// <summary>Sends the request, and gives back the probe at work.</summary>
    /// <param name="request">What to send, and when it is enough.</param>
    /// <param name="cancellationToken">Ends the reading; what was measured so far is kept.</param>
    public static ResponseProbe Start(ProbeRequest request, CancellationToken cancellationToken)
    {
        var probe = new ResponseProbe(request);
        var done = new TaskCompletionSource<ProbedResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        probe.Response = done.Task;
        new Thread(() => done.SetResult(probe.Run(cancellationToken)))
        {
            IsBackground = true,
            Name = $"probe {request.Target}",
            Priority = ThreadPriority.AboveNormal,
        }.Start();
        return probe;
    }

    /// <summary>Sends the request and reads the response as far as is wanted.</summary>
    /// <inheritdoc cref="Start"/>
    public static Task<ProbedResponse> RunAsync(ProbeRequest request, CancellationToken cancellationToken) =>
        Start(request, cancellationToken).Response;

    private ProbedResponse Run(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_request.Limit);
        var socket = MakeSocket();
        using var closeAtLimit = limit.Token.Register(socket.Dispose);
        using var closeAtCancellation = cancellationToken.Register(socket.Dispose);
        var end = ProbeEnd.Failed;
        string? problem = null;
        try
        {
            socket.Connect(_request.EndPoint);
            Send(socket);
            end = Receive(socket);
            problem = _decoder.Problem;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            (end, problem) = Explain(e, cancellationToken.IsCancellationRequested, limit.IsCancellationRequested);
        }
        finally
        {
            socket.Dispose();
        }

        return new ProbedResponse
        {
            End = end,
            Problem = problem,
            Status = _decoder.Status,
            Headers = _decoder.Headers,
            SentAt = _sentAt,
            HeadAt = _headAt,
            Receipts = _receipts,
            Body = _decoder.Body,
        };
    }

    private Socket MakeSocket()
    {
        var wait = (int)_request.WaitLimit.TotalMilliseconds;
        var isUnix = _request.EndPoint is UnixDomainSocketEndPoint;
        var socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(_request.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.ReceiveTimeout = wait;
        socket.SendTimeout = wait;
        return socket;
    }

    private void Send(Socket socket)
    {
        var head = $"{_request.Method} {_request.Target} HTTP/1.1\r\nHost: {_request.Host}\r\nUser-Agent: daemonproxy-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        ReadOnlySpan<byte> rest = Encoding.ASCII.GetBytes(head);
        // Before the sending: behind it, this thread may be preempted for longer than the response takes.
        _sentAt = Stopwatch.GetTimestamp();
        while (!rest.IsEmpty)
            rest = rest[socket.Send(rest)..];
    }

    private ProbeEnd Receive(Socket socket)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(ReceiveSize);
        while (true)
        {
            var count = socket.Receive(buffer);
            var now = Stopwatch.GetTimestamp();
            var before = _decoder.BodyBytes;
            if (count == 0)
                _decoder.Close();
            else
                _decoder.Decode(buffer.AsSpan(0, count));

            if (_headAt == 0 && _decoder.HasHead)
                _headAt = now;
            var hasNews = _decoder.BodyBytes > before;
            if (hasNews)
            {
                _receipts.Add(new Receipt(now, _decoder.BodyBytes));
                Volatile.Write(ref _bodyBytes, _decoder.BodyBytes);
            }

            if (_decoder.Problem is not null)
                return ProbeEnd.Failed;
            if (_decoder.IsComplete)
                return ProbeEnd.Complete;
            if (_request.StopAtHead && _decoder.HasHead)
                return ProbeEnd.Stopped;
            if (hasNews && _request.Stop?.Invoke(_receipts) == true)
                return ProbeEnd.Stopped;
        }
    }

    /// <summary>A closed socket and a failed one raise the same exceptions; who closed it tells them apart.</summary>
    private (ProbeEnd End, string? Problem) Explain(Exception e, bool isCancelled, bool isOverLimit)
    {
        if (isCancelled)
            return (ProbeEnd.Cancelled, null);
        if (isOverLimit)
            return (ProbeEnd.TimedOut, $"The response to {_request.Target} had not ended after {_request.Limit.TotalSeconds:0.###} s.");
        // A receive timeout is "timed out" on Windows and "would block" on some Unix systems.
        if (e is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock })
            return (ProbeEnd.TimedOut, $"{_request.EndPoint} sent nothing more for {_request.Target} within {_request.WaitLimit.TotalSeconds:0.###} s.");
        if (_sentAt == 0)
            return (ProbeEnd.Failed, $"No connection to {_request.EndPoint}: {e.Message.TrimEnd('.')}.");
        return (ProbeEnd.Failed, _decoder.HasHead
            ? $"The response to {_request.Target} broke off after {_decoder.BodyBytes} bytes of its body: {e.Message.TrimEnd('.')}."
            : $"The connection broke before the response to {_request.Target} had come: {e.Message.TrimEnd('.')}.");
    }
}
