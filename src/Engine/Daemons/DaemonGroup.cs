using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>A daemon group as requests see it: the queue for its workers, its flush policy, its relay.</summary>
public sealed class DaemonGroup : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // The end of a process's sockets is seen a moment before its own.
    private static readonly TimeSpan DeathKnown = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time;
    private readonly DaemonWorker? _external;

    /// <summary>
    /// Makes a group; nothing is connected yet. One with an address has its worker; the front end opens the others' as they start.
    /// </summary>
    /// <param name="options">Its configuration.</param>
    /// <param name="time">The clock of its timeouts.</param>
    /// <param name="statistics">Its counts.</param>
    /// <param name="budget">Where its connections are counted.</param>
    public DaemonGroup(DaemonGroupOptions options, TimeProvider time, GroupStatistics statistics, ConnectionBudget budget)
    {
        Budget = budget;
        Options = options;
        Statistics = statistics;
        Policy = new LiveFlushPolicy(options.FlushPolicy);
        Queue = new WorkerQueue(options, time);
        Relay = new ResponseRelay(Policy, time);
        _time = time;
        if (options.Address is null) return;
        _external = new DaemonWorker(options, options.Address, DaemonWorker.Unlimited, time, budget);
        Queue.Open(_external);
    }

    /// <summary>The group's configuration.</summary>
    public DaemonGroupOptions Options { get; }

    /// <summary>Where its connections are counted.</summary>
    internal ConnectionBudget Budget { get; }

    /// <summary>
    /// What each request to a WSGI worker of the group carries, so that nothing else is taken for one: 256 random bits, hexadecimal. In no
    /// log, command line or environment.
    /// </summary>
    public string Secret { get; } = RandomBytes.Hexadecimal(32);

    /// <summary>Called before a request is given to a worker; null: nothing is. It must not block.</summary>
    internal Action? BeforeRequest { get; set; }

    /// <summary>Whether a request for a path only asks whether the application lives.</summary>
    public bool IsHealthCheck(string path) =>
        Options.HealthCheckPaths.Count > 0 && Options.HealthCheckPaths.Contains(path, StringComparer.Ordinal);

    /// <summary>The workers, and the requests that wait for one.</summary>
    public WorkerQueue Queue { get; }

    /// <summary>The flush policy in force.</summary>
    public LiveFlushPolicy Policy { get; }

    /// <summary>Its counts.</summary>
    public GroupStatistics Statistics { get; }

    /// <summary>The relay of its responses.</summary>
    public ResponseRelay Relay { get; }

    /// <summary>
    /// The longest the client may take nothing: <c>response-socket-timeout</c>, or <c>socket-timeout</c> where that is 0.
    /// </summary>
    public TimeSpan ClientTimeout => Options.ResponseSocketTimeout > TimeSpan.Zero ? Options.ResponseSocketTimeout : Options.SocketTimeout;

    /// <summary>
    /// Sends a request and reads the head of its response. A repeatable request whose worker fails before a byte of the response came is
    /// sent once more, to another worker where there is one, unless it is what the worker failed of: <see cref="RepeatRule"/>.
    /// </summary>
    /// <exception cref="BrokenResponseException">There is no response; its reason carries the status for the client (behaviour.md, section
    /// 6).</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public async ValueTask<DaemonExchange> SendAsync(DaemonRequest request, CancellationToken clientGone)
    {
        DaemonWorker? failed = null;
        BeforeRequest?.Invoke();
        while (true)
        {
            var (worker, connection) = await ConnectAsync(request, failed, clientGone).ConfigureAwait(false);
            RequestBodyPump? pump = null;
            try
            {
                await SendHeadAsync(connection, request, clientGone).ConfigureAwait(false);
                if (request.Body is { } body)
                {
                    pump = new RequestBodyPump(body, connection, _time);
                    pump.Start();
                }
                var head = await connection.ReadHeadAsync(request.IsHead, pump is null ? null : pump.GoAhead, clientGone)
                    .ConfigureAwait(false);
                return new DaemonExchange(this, request, worker, connection, head, pump);
            }
            catch (Exception failure)
            {
                connection.Dispose();
                if (pump is not null) await pump.StopAsync().ConfigureAwait(false);
                var tried = failure is NothingCameException { Reason: var how } && request.Repeatable
                    ? await TryOfAsync(worker, how, connection.Reused, failed is not null).ConfigureAwait(false)
                    : null as FailedTry?;
                Queue.Release(worker, !request.IsHealthCheck);
                var again = tried is { } known ? RepeatRule.Decide(known) : RepeatDecision.No;
                if (again == RepeatDecision.Once) failed = worker;
                if (again != RepeatDecision.No) continue;
                if (tried is { Died: 1, IsTakenUp: not false })
                    throw new BrokenResponseException(
                        EventCatalogue.ClosedInHead,
                        "its worker died while it served this request and no other, so that it is given to none of the others");
                if (pump?.ClientFailure is { } byClient) throw byClient;
                // What it said of itself before it stopped reading tells more.
                var closed = failure is NothingCameException
                    || (failure is BrokenResponseException { Reason: var reason }
                    && (reason == EventCatalogue.ClosedInHead || reason == EventCatalogue.HeadReadError));
                if (pump?.DaemonFailure is { } unsent && closed)
                    throw new BrokenResponseException(EventCatalogue.RequestBodyWriteError, unsent.Message, unsent);
                if (failure is NothingCameException nothing) throw nothing.Reason;
                throw;
            }
        }
    }

    /// <summary>
    /// What is known of a try at which nothing came. Its place on the worker is still taken, so that those who died together count each
    /// other.
    /// </summary>
    private async ValueTask<FailedTry> TryOfAsync(DaemonWorker worker, BrokenResponseException reason, bool wasKept, bool hasBeenRepeated)
    {
        // Linux resets a local connection when what was sent has not been read by the end of the other side, and only then.
        bool? isTakenUp = reason.InnerException is SocketException && reason.Reason == EventCatalogue.ClosedInHead ? false
            : OperatingSystem.IsLinux() && worker.Address.UnixSocket is not null
            ? reason.InnerException is not SocketException { SocketErrorCode: SocketError.ConnectionReset }
            : null;
        var died = 0;
        if (isTakenUp != false && worker.Death is { } death)
        {
            try { died = await death.Task.WaitAsync(DeathKnown, _time).ConfigureAwait(false); }
            catch (TimeoutException) { }
        }
        return new(isTakenUp, wasKept, died, hasBeenRepeated);
    }

    private static async ValueTask SendHeadAsync(DaemonConnection connection, DaemonRequest request, CancellationToken clientGone)
    {
        try
        {
            await connection.SendAsync(request.Head.Bytes, clientGone).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new NothingCameException(new BrokenResponseException(EventCatalogue.ClosedInHead, failure.Message, failure));
        }
        catch (TimeoutException failure)
        {
            throw new BrokenResponseException(EventCatalogue.HeadReadTimeout, "the daemon does not read the request", failure);
        }
    }

    /// <summary>
    /// Takes a place and a connection, trying again with growing pauses while the socket is missing or its backlog full, for at most
    /// connect-timeout.
    /// </summary>
    private async ValueTask<(DaemonWorker Worker, DaemonConnection Connection)> ConnectAsync(
        DaemonRequest request, DaemonWorker? avoid, CancellationToken clientGone)
    {
        long start = 0;
        var pause = FirstPause;
        while (true)
        {
            var worker = await TakeAsync(request, avoid, clientGone).ConfigureAwait(false);
            if (worker.TakeKept(request.Repeatable) is { } kept) return (worker, kept);
            // The budget is for connecting; what was waited for a place is not of it.
            if (start == 0) start = _time.GetTimestamp();
            var left = Options.ConnectTimeout - _time.GetElapsedTime(start);
            try
            {
                return (worker, await worker.ConnectAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clientGone).ConfigureAwait(false));
            }
            catch (Exception failure)
            {
                Queue.Release(worker, !request.IsHealthCheck);
                if (failure is not (SocketException or TimeoutException)) throw;
                if (failure is SocketException { SocketErrorCode: var error } && !IsPassing(error))
                    throw new BrokenResponseException(
                        EventCatalogue.ConnectFailed, $"daemon group '{Options.Name}' at {worker.Address}: {failure.Message}", failure);
                left = Options.ConnectTimeout - _time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    throw new BrokenResponseException(
                        EventCatalogue.ConnectTimeout,
                        $"daemon group '{Options.Name}' at {worker.Address}, tried for {Options.ConnectTimeout.TotalSeconds:0.###} s: "
                        + $"{failure.Message}", failure);
                avoid = worker;
            }
            await Task.Delay(pause < left ? pause : left, _time, clientGone).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async ValueTask<DaemonWorker> TakeAsync(DaemonRequest request, DaemonWorker? avoid, CancellationToken clientGone)
    {
        var place = Queue.TakeAsync(avoid, clientGone, request.Unserved, !request.IsHealthCheck);
        if (place.IsCompleted) return await place.ConfigureAwait(false);
        var (start, unmanned) = (_time.GetTimestamp(), Queue.Unmanned);
        try { return await place.ConfigureAwait(false); }
        finally
        {
            request.QueueTime += _time.GetElapsedTime(start);
            request.Unserved += Queue.Unmanned - unmanned;
        }
    }

    /// <summary>Whether a failure may pass: no socket yet, nobody listening yet, backlog full, no descriptor left.</summary>
    private static bool IsPassing(SocketError error) =>
        error is SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.TryAgain or SocketError.WouldBlock
            or SocketError.ConnectionReset or SocketError.TimedOut or SocketError.HostNotFound or SocketError.InProgress
            or SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    /// <summary>Closes the kept connections.</summary>
    public void Dispose() => _external?.Dispose();
}
