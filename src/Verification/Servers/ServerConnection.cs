using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace DaemonProxy.Verification.Servers;

/// <summary>One connection to a server: sends the request, and stamps every receive of the response, by TLS every decrypted one.</summary>
/// <remarks>
/// A few connections have a thread each that blocks in the receive, as <see cref="ResponseProbe"/> has, so that a busy thread pool does not look like a
/// late server. Thousands are awaited instead; their stamps are as late as the pool is, a few milliseconds on a busy machine. It is
/// the same code: on a thread of its own every operation is the blocking one, and each await finds its work done.
///
/// All that can end a blocked call early is closing the socket, so that is how limits and cancellation work: see <see cref="GiveUp"/>.
/// </remarks>
internal sealed class ServerConnection(ServerRequest request, ArrivalRecorder recorder, bool isBlocking)
{
    private const string Handshaking = "did not finish the TLS handshake";

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ResponseDecoder _decoder = new("GET", request.KeepBody);
    private readonly Lock _gate = new();
    private Socket? _socket;
    private string? _givenUp;
    private ServerFailure _givenUpFor;
    private bool _isClosed;
    private long _lastHeard = Stopwatch.GetTimestamp();
    private long _bodyBytes;
    private long _firstByteAt;
    private long _sentAt;
    private string _doing = "";
    private string? _certificateErrors;

    /// <summary>Completes with the head of the response, or with the end of the connection.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Completes with the end of the connection; never faults.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>What arrived when.</summary>
    public ArrivalRecorder Recorder => recorder;

    /// <summary>Body bytes so far; from any thread.</summary>
    public long BodyBytes => Volatile.Read(ref _bodyBytes);

    /// <summary>When the first body byte came, in Stopwatch ticks; 0 while none has.</summary>
    public long FirstByteAt => Volatile.Read(ref _firstByteAt);

    /// <summary>The same since the request was sent; null when none came.</summary>
    public TimeSpan? TimeToFirstByte => FirstByteAt == 0 ? null : Stopwatch.GetElapsedTime(_sentAt, FirstByteAt);

    /// <summary>Each receive that brought body bytes; only where the body is kept.</summary>
    public List<Receipt> Receipts { get; } = [];

    /// <summary>When the request was sent and when the head had come, in Stopwatch ticks; 0 before.</summary>
    public (long SentAt, long HeadAt) Times { get; private set; }

    /// <summary>The response's head and, if asked for, body.</summary>
    public ResponseDecoder Response => _decoder;

    /// <summary>What went wrong, one sentence; null when nothing did.</summary>
    public string? Problem { get; private set; }

    /// <summary>What kind of thing went wrong.</summary>
    public ServerFailure Failure { get; private set; }

    /// <summary>Begins.</summary>
    public void Start() => Ended = isBlocking ? OnThread() : Task.Run(RunAsync);

    /// <summary>Closes the connection; what was recorded is kept.</summary>
    /// <param name="failure">Why, when that is a failure.</param>
    /// <param name="problem">The same in one sentence.</param>
    public void GiveUp(ServerFailure failure = ServerFailure.None, string? problem = null)
    {
        Socket? socket;
        lock (_gate)
        {
            if (_isClosed)
                return;
            (_isClosed, _givenUp, _givenUpFor, socket) = (true, problem, failure, _socket);
        }

        socket?.Dispose();
    }

    /// <summary>Gives up when nothing has come for too long.</summary>
    public void CheckWait()
    {
        if (!Ended.IsCompleted && Stopwatch.GetElapsedTime(Volatile.Read(ref _lastHeard)) > request.WaitLimit)
            GiveUp(ServerFailure.TimedOut, $"{request.Uri.Authority} {_doing} within {request.WaitLimit.TotalSeconds:0.###} s.");
    }

    private Task OnThread()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            RunAsync().GetAwaiter().GetResult();
            done.SetResult();
        })
        { IsBackground = true, Name = $"probe {request.Uri.Authority}", Priority = ThreadPriority.AboveNormal }.Start();
        return done.Task;
    }

    private async Task RunAsync()
    {
        try
        {
            Volatile.Write(ref _lastHeard, Stopwatch.GetTimestamp());
            var stream = await ConnectAsync().ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                _doing = "did not answer";
                _sentAt = Stopwatch.GetTimestamp();
                Times = (_sentAt, 0);
                if (isBlocking)
                    stream.Write(request.Bytes.Span);
                else
                    await stream.WriteAsync(request.Bytes).ConfigureAwait(false);
                await ReceiveAsync(stream).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException)
        {
            Explain(e);
        }
        finally
        {
            _socket?.Dispose();
            _answered.TrySetResult();
        }
    }

    private async Task<Stream> ConnectAsync()
    {
        _doing = "did not accept the connection";
        for (var i = 0; ; i++)
        {
            var endPoint = request.EndPoints[i];
            var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            lock (_gate)
            {
                _socket = socket;
                ObjectDisposedException.ThrowIf(_isClosed, this);
            }

            try
            {
                if (isBlocking)
                    socket.Connect(endPoint);
                else
                    await socket.ConnectAsync(endPoint).ConfigureAwait(false);
                break;
            }
            catch (SocketException) when (i + 1 < request.EndPoints.Count && !_isClosed)
            {
                socket.Dispose();
            }
        }

        var plain = new NetworkStream(_socket!, ownsSocket: true);
        if (!request.IsTls)
            return plain;
        _doing = Handshaking;
        var secure = new SslStream(plain, leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions { TargetHost = request.Uri.IdnHost, ApplicationProtocols = [SslApplicationProtocol.Http11] };
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (errors == SslPolicyErrors.None || request.SkipCertificateCheck)
                return true;
            var status = chain?.ChainStatus.Select(one => $"{one.Status}") ?? [];
            _certificateErrors = $"the certificate of '{certificate?.Subject}' is not trusted ({string.Join(", ", status.Prepend($"{errors}"))})";
            return false;
        };
        if (isBlocking)
            secure.AuthenticateAsClient(options);
        else
            await secure.AuthenticateAsClientAsync(options).ConfigureAwait(false);
        return secure;
    }

    private async Task ReceiveAsync(Stream stream)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(request.ReceiveSize);
        while (true)
        {
            var count = isBlocking ? stream.Read(buffer) : await stream.ReadAsync(buffer).ConfigureAwait(false);
            var now = Stopwatch.GetTimestamp();
            Volatile.Write(ref _lastHeard, now);
            var before = _decoder.BodyBytes;
            if (count == 0)
                _decoder.Close();
            else
                _decoder.Decode(buffer.AsSpan(0, count));
            if (_decoder.HasHead && Times.HeadAt == 0)
            {
                Times = (_sentAt, now);
                _doing = "sent nothing more";
                _answered.TrySetResult();
                if (_decoder.Status != 200)
                {
                    (Failure, Problem) = (ServerFailure.UnexpectedAnswer, UnexpectedStatus());
                    return;
                }
            }

            if (_decoder.BodyBytes > before)
                Take(now, before);
            if (request.KeepBody && _decoder.BodyBytes > ServerRequest.LongestKeptBody)
            {
                (Failure, Problem) = (ServerFailure.UnexpectedAnswer, $"{request.Uri} sends more than {ServerRequest.LongestKeptBody >> 20} MiB, which is no drip; its rate can be measured instead.");
                return;
            }

            if (_decoder.Problem is { } problem)
            {
                (Failure, Problem) = (_decoder.HasHead ? ServerFailure.BrokenOff : ServerFailure.UnexpectedAnswer, problem);
                return;
            }

            if (_decoder.IsComplete)
                return;
        }
    }

    private void Take(long now, long before)
    {
        if (_firstByteAt == 0)
            Volatile.Write(ref _firstByteAt, now);
        Volatile.Write(ref _bodyBytes, _decoder.BodyBytes);
        if (request.KeepBody)
            Receipts.Add(new Receipt(now, _decoder.BodyBytes));
        recorder.Add(now, before, _decoder.BodyBytes);
    }

    private string UnexpectedStatus()
    {
        var headers = _decoder.Headers;
        return _decoder.Status switch
        {
            >= 300 and < 400 when headers.TryGetValue("Location", out var location) =>
                $"{request.Uri} answers {_decoder.Status} and sends to {location}; measure that address.",
            401 or 403 => $"{request.Uri} answers {_decoder.Status}; give what it asks for with a header, such as 'Authorization: Bearer TOKEN'.",
            _ => $"{request.Uri} answers {_decoder.Status}, not 200.",
        };
    }

    /// <summary>A closed socket and a failed one raise the same exceptions; who closed it tells them apart.</summary>
    private void Explain(Exception e)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                (Failure, Problem) = (_givenUpFor, _givenUp);
                return;
            }
        }

        var cause = e.InnerException is SocketException or AuthenticationException ? e.InnerException : e;
        // Without the address, which a blocking call's message has at its end.
        var reason = (cause is SocketException socket ? new SocketException(socket.ErrorCode) : cause).Message.TrimEnd('.');
        (Failure, Problem) = e switch
        {
            _ when _certificateErrors is not null => (ServerFailure.TlsFailed,
                $"No TLS with {request.Uri.Authority}: {_certificateErrors}; if that is as it should be, skip the certificate check."),
            _ when _sentAt == 0 && _doing == Handshaking => (ServerFailure.TlsFailed, $"No TLS with {request.Uri.Authority}: {reason}. Does it speak https?"),
            _ when _sentAt == 0 => (ServerFailure.NotConnected, $"No connection to {request.Uri.Authority}: {reason}."),
            _ => (ServerFailure.BrokenOff, _decoder.HasHead
                ? $"The response of {request.Uri} broke off after {_decoder.BodyBytes} bytes of its body: {reason}."
                : $"{request.Uri.Authority} closed the connection before it had answered: {reason}."),
        };
    }
}
