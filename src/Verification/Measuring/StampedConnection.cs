using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// One connection to a server: sends the request, and stamps every receive of the response; with TLS, every decrypted one.
/// </summary>
/// <remarks>
/// A few connections have a thread each that blocks in the receive. An awaited receive would be stamped when the thread pool gets round to
/// it, and a busy pool then looks like a late server; a blocked thread is woken by the system itself. Thousands are awaited instead; their
/// stamps are as late as the pool is, a few milliseconds on a busy machine. It is the same code: on a thread of its own every operation is
/// the blocking one, and each await finds its work done. Such a socket never does an asynchronous operation: after the first, .NET serves
/// even blocking calls on it from its polling thread.
///
/// All that can end a blocked call early is closing the socket, so that is how limits and cancellation work: see <see cref="GiveUp"/>.
/// </remarks>
internal sealed class StampedConnection(ConnectionRequest request, ArrivalRecorder? recorder = null)
{
    private const string Handshaking = "did not finish the TLS handshake";

    private const int LargestSend = 65_536;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private Socket? _socket;
    private (MeasurementFailure Failure, string? Problem) _givenUp;
    private bool _isClosed;
    private long _lastReceivedAt = Stopwatch.GetTimestamp();
    private long _bodyBytes;
    private long _firstByteAt;
    private string _doing = "";
    private string? _certificateErrors;

    /// <summary>Completes with the head of the response, or with the end of the connection.</summary>
    public Task Answered => _answered.Task;

    /// <summary>Completes with the end of the connection; never faults.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>What arrived when; null where only the kept body's receives count.</summary>
    public ArrivalRecorder? Recorder => recorder;

    /// <summary>Body bytes so far; from any thread.</summary>
    public long BodyBytes => Volatile.Read(ref _bodyBytes);

    /// <summary>When the first body byte came, in Stopwatch ticks; 0 while none has.</summary>
    public long FirstByteAt => Volatile.Read(ref _firstByteAt);

    /// <summary>When the request was handed to the system, in Stopwatch ticks; 0 before.</summary>
    public long SentAt { get; private set; }

    /// <summary>When the receive that completed the head returned, in Stopwatch ticks; 0 before.</summary>
    public long HeadAt { get; private set; }

    /// <summary>From the request to the head; null when none came.</summary>
    public TimeSpan? TimeToHead => HeadAt == 0 ? null : Stopwatch.GetElapsedTime(SentAt, HeadAt);

    /// <summary>From the request to the first body byte; null when none came.</summary>
    public TimeSpan? TimeToFirstByte => FirstByteAt == 0 ? null : Stopwatch.GetElapsedTime(SentAt, FirstByteAt);

    /// <summary>Each receive that brought body bytes; only where the body is kept.</summary>
    public List<Receipt> Receipts { get; } = [];

    /// <summary>The response's head and, if asked for, body.</summary>
    public ResponseDecoder Response { get; } = new("GET", request.KeepBody);

    /// <summary>What went wrong, one sentence; null when nothing did.</summary>
    public string? Problem { get; private set; }

    /// <summary>What kind of thing went wrong.</summary>
    public MeasurementFailure Failure { get; private set; }

    /// <summary>Connects and sends the request.</summary>
    public static StampedConnection Start(ConnectionRequest request, ArrivalRecorder? recorder = null)
    {
        var connection = new StampedConnection(request, recorder);
        connection.Ended = request.IsBlocking ? OnThread(connection.RunAsync, $"probe {request.Uri.Authority}", ThreadPriority.AboveNormal) : Task.Run(connection.RunAsync);
        return connection;
    }

    /// <summary>
    /// Sends the request, and reads the response until its end, its limits or the cancellation, which keeps what has come.
    /// </summary>
    public static async Task<StampedConnection> ReadAsync(ConnectionRequest request, CancellationToken cancellationToken)
    {
        var connection = Start(request);
        await connection.WatchAsync(connection.Ended, () => false, cancellationToken).ConfigureAwait(false);
        return connection;
    }

    /// <summary>
    /// Waits for what is wanted, gives up when nothing has come for too long, and closes the connection; what was recorded is kept.
    /// </summary>
    /// <param name="wanted">Ends the watch at once.</param>
    /// <param name="isEnough">Ends it as well; looked at every 50 ms.</param>
    /// <param name="cancellationToken">Ends it as well.</param>
    public async Task WatchAsync(Task wanted, Func<bool> isEnough, CancellationToken cancellationToken)
    {
        while (!wanted.IsCompleted && !isEnough() && !cancellationToken.IsCancellationRequested)
        {
            CheckWait();
            await Task.WhenAny(wanted, Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken)).ConfigureAwait(false);
        }

        GiveUp();
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Closes the connection; what was recorded is kept.</summary>
    /// <param name="failure">Why, when that is a failure.</param>
    /// <param name="problem">The same in one sentence.</param>
    public void GiveUp(MeasurementFailure failure = MeasurementFailure.None, string? problem = null)
    {
        Socket? socket;
        lock (_gate)
        {
            if (_isClosed)
                return;
            (_isClosed, _givenUp, socket) = (true, (failure, problem), _socket);
        }

        socket?.Dispose();
    }

    /// <summary>Gives up when nothing has come for too long.</summary>
    public void CheckWait()
    {
        if (Ended.IsCompleted)
            return;
        if (Stopwatch.GetElapsedTime(Volatile.Read(ref _lastReceivedAt)) > request.WaitLimit)
            GiveUp(MeasurementFailure.TimedOut, $"{request.Uri.Authority} {_doing} within {request.WaitLimit.TotalSeconds:0.###} s.");
        if (request.Limit is { } limit && Stopwatch.GetElapsedTime(_startedAt) > limit)
            GiveUp(MeasurementFailure.TimedOut,
                $"The response to {request.Uri.PathAndQuery} had not ended after {limit.TotalSeconds:0.###} s.");
    }

    private static Task OnThread(Func<Task> work, string name, ThreadPriority priority)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            work().GetAwaiter().GetResult();
            done.SetResult();
        })
        { IsBackground = true, Name = name, Priority = priority }.Start();
        return done.Task;
    }

    private async Task RunAsync()
    {
        try
        {
            Volatile.Write(ref _lastReceivedAt, Stopwatch.GetTimestamp());
            var stream = await ConnectAsync().ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                _doing = "did not answer";
                var head = request.Head();
                // Before the sending: after it, this thread may be preempted for longer than the response takes.
                SentAt = Stopwatch.GetTimestamp();
                if (request.IsBlocking)
                    stream.Write(head);
                else
                    await stream.WriteAsync(head).ConfigureAwait(false);
                var sending = request.Upload is { } length ? Send(stream, length) : Task.CompletedTask;
                await ReceiveAsync(stream).ConfigureAwait(false);
                // What is left of the body is not wanted any more; closing the socket ends a send that blocks.
                if (!sending.IsCompleted) _socket?.Dispose();
                await sending.ConfigureAwait(false);
            }
        }
        catch (Exception e)
            when (e is SocketException or IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException)
        {
            Explain(e);
        }
        finally
        {
            _socket?.Dispose();
            _answered.TrySetResult();
        }
    }

    /// <summary>Sends a body as fast as the server takes it; on a thread of its own, where the connection blocks.</summary>
    private Task Send(Stream stream, long length) => request.IsBlocking
        ? OnThread(() => SendAsync(stream, length), $"upload {request.Uri.Authority}", ThreadPriority.Normal)
        : Task.Run(() => SendAsync(stream, length));

    private async Task SendAsync(Stream stream, long length)
    {
        var block = new byte[LargestSend];
        try
        {
            while (length > 0)
            {
                var size = (int)Math.Min(length, block.Length);
                if (request.IsBlocking) stream.Write(block, 0, size);
                else await stream.WriteAsync(block.AsMemory(0, size)).ConfigureAwait(false);
                length -= size;
                Volatile.Write(ref _lastReceivedAt, Stopwatch.GetTimestamp());
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The receiver learns of it, too, and knows what the server has said.
        }
    }

    private async Task<Stream> ConnectAsync()
    {
        _doing = "did not accept the connection";
        for (var i = 0; ; i++)
        {
            var endPoint = request.EndPoints[i];
            var socket = endPoint is UnixDomainSocketEndPoint
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            lock (_gate)
            {
                _socket = socket;
                ObjectDisposedException.ThrowIf(_isClosed, this);
            }

            try
            {
                if (request.IsBlocking)
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
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = request.Uri.IdnHost,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            if (errors == SslPolicyErrors.None || request.SkipCertificateCheck)
                return true;
            var status = chain?.ChainStatus.Select(one => $"{one.Status}") ?? [];
            _certificateErrors =
                $"the certificate of '{certificate?.Subject}' is not trusted ({string.Join(", ", status.Prepend($"{errors}"))})";
            return false;
        };
        if (request.IsBlocking)
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
            var count = request.IsBlocking ? stream.Read(buffer) : await stream.ReadAsync(buffer).ConfigureAwait(false);
            var now = Stopwatch.GetTimestamp();
            Volatile.Write(ref _lastReceivedAt, now);
            var before = Response.BodyBytes;
            if (count == 0)
                Response.Close();
            else
                Response.Decode(buffer.AsSpan(0, count));
            (Failure, Problem) = Judge();
            if (Failure != MeasurementFailure.UnexpectedAnswer && Response.BodyBytes > before)
                Take(now, before);
            if (Response.HasHead && HeadAt == 0)
            {
                HeadAt = now;
                _doing = "sent nothing more";
                _answered.TrySetResult();
            }

            if (Failure != MeasurementFailure.None || Response.IsComplete)
                return;
        }
    }

    private (MeasurementFailure Failure, string? Problem) Judge() => Response switch
    {
        { HasHead: true, Status: not 200 } when !request.TakesAnyStatus =>
            (MeasurementFailure.UnexpectedAnswer, request.StatusProblem(Response.Status, Response.Headers)),
        { Problem: { } problem } => (Response.HasHead ? MeasurementFailure.BrokenOff : MeasurementFailure.UnexpectedAnswer, problem),
        { BodyBytes: > ConnectionRequest.LongestKeptBody } when request.KeepBody => (MeasurementFailure.UnexpectedAnswer,
            $"{request.Uri} sends more than {ConnectionRequest.LongestKeptBody >> 20} MiB, which is no drip; its rate can be measured "
                + "instead."),
        _ => (MeasurementFailure.None, null),
    };

    private void Take(long now, long before)
    {
        if (_firstByteAt == 0)
            Volatile.Write(ref _firstByteAt, now);
        Volatile.Write(ref _bodyBytes, Response.BodyBytes);
        if (request.KeepBody)
            Receipts.Add(new Receipt(now, Response.BodyBytes));
        recorder?.Add(now, before, Response.BodyBytes);
    }

    /// <summary>A closed socket and a failed one raise the same exceptions; who closed it tells them apart.</summary>
    private void Explain(Exception e)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                (Failure, Problem) = _givenUp;
                return;
            }
        }

        var cause = e.InnerException is SocketException or AuthenticationException ? e.InnerException : e;
        // Without the address, which a blocking call's message has at its end.
        var reason = (cause is SocketException socket ? new SocketException(socket.ErrorCode) : cause).Message.TrimEnd('.');
        (Failure, Problem) = e switch
        {
            _ when _certificateErrors is not null => (MeasurementFailure.TlsFailed,
                $"No TLS with {request.Uri.Authority}: {_certificateErrors}; if that is as it should be, skip the certificate check."),
            _ when SentAt == 0 && _doing == Handshaking =>
                (MeasurementFailure.TlsFailed, $"No TLS with {request.Uri.Authority}: {reason}. Does it speak https?"),
            _ when SentAt == 0 => (MeasurementFailure.NotConnected, $"No connection to {request.Uri.Authority}: {reason}."),
            _ => (MeasurementFailure.BrokenOff, Response.HasHead
                ? $"The response of {request.Uri} broke off after {Response.BodyBytes} bytes of its body: {reason}."
                : $"{request.Uri.Authority} closed the connection before it had answered: {reason}."),
        };
    }
}
