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

    // The sockets of a process are seen to end a moment before the process itself does.
    private static readonly TimeSpan DeathKnown = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time;

    /// <summary>
    /// Creates a group without connecting to anything. A group with an address has its worker from the start; the front end opens the
    /// workers of other groups as they start.
    /// </summary>
    /// <param name="options">Its configuration.</param>
    /// <param name="time">The clock for its timeouts.</param>
    /// <param name="statistics">Its counts.</param>
    /// <param name="budget">The budget that counts its connections.</param>
    /// <param name="turns">Where a large response goes on after giving others their turn; null: on the thread pool.</param>
    /// <param name="checkHeader">A header for its health checks, made from its secret; null: none.</param>
    public DaemonGroup(
        DaemonGroupOptions options, TimeProvider time, GroupStatistics statistics, ConnectionBudget budget,
        SocketTurns? turns = null, Func<string, (string Name, string Value)>? checkHeader = null)
    {
        if (options.HealthCheck is { } check)
            Probe = new HealthRequest(check, checkHeader is null ? null : () => checkHeader(Secret), time).SendAsync;
        Budget = budget;
        Options = options;
        Statistics = statistics;
        Policy = new LiveFlushPolicy(options.FlushPolicy);
        Queue = new WorkerQueue(options, time);
        Relay = new ResponseRelay(Policy, time, turns: turns);
        _time = time;
        if (options.Addresses.Count > 0)
        {
            Addresses = new ExternalAddresses(
                options.Addresses.Select(address => new DaemonWorker(options, address, DaemonWorker.Unlimited, time, budget)), Queue,
                options, time);
        }
        if (options.Address is null) return;
        External = new DaemonWorker(options, options.Address, DaemonWorker.Unlimited, time, budget);
        // With a health check, it has to pass first: ExternalHealth opens it.
        if (options.HealthCheck is null) Queue.Open(External);
    }

    /// <summary>The server of a group with one address; null for other groups.</summary>
    private DaemonWorker? External { get; }

    /// <summary>The servers of a group with one address or several; empty for other groups.</summary>
    internal IReadOnlyList<DaemonWorker> Externals => External is not null ? [External] : Addresses?.Workers ?? [];

    /// <summary>Makes the group's health checks; null: it has none.</summary>
    internal HealthProbe? Probe { get; init; }

    /// <summary>The group's configuration.</summary>
    public DaemonGroupOptions Options { get; }

    /// <summary>The servers of a group with several addresses; null for other groups.</summary>
    internal ExternalAddresses? Addresses { get; }

    /// <summary>The state of each server of a group with several addresses; empty for other groups.</summary>
    public IReadOnlyList<AddressStatus> AddressStatus => Addresses?.Status ?? [];

    /// <summary>
    /// The state of a group that somebody else runs: <see cref="DaemonState.BackingOff"/> while none of several addresses can be connected
    /// to.
    /// </summary>
    public DaemonState ExternalState => AddressStatus is { Count: > 0 } addresses
        && addresses.All(one => one.State == nameof(DaemonState.BackingOff))
        ? DaemonState.BackingOff : DaemonState.External;

    /// <summary>
    /// Called when one of several addresses is left out, with the reason, or is back, without one; it must not block. Set before the first
    /// request.
    /// </summary>
    public Action<DaemonAddress, string?>? AddressChanged
    {
        set { if (Addresses is not null) Addresses.Changed = value; }
    }

    /// <summary>
    /// Takes over what the same group of a previous configuration knows of addresses that both have: which ones are left out, and the
    /// resting connections if they have been made with the same options.
    /// </summary>
    public void TakeOver(DaemonGroup previous)
    {
        ArgumentNullException.ThrowIfNull(previous);
        if (Addresses is null || previous.Addresses is null) return;
        var (now, before) = (Options, previous.Options);
        var hasSameConnections =
            (now.SocketTimeout, now.HeaderBufferSize, now.ResponseHeaderTimeout, now.SendBufferSize, now.ReceiveBufferSize)
            == (before.SocketTimeout, before.HeaderBufferSize, before.ResponseHeaderTimeout, before.SendBufferSize,
                before.ReceiveBufferSize);
        Addresses.TakeOver(previous.Addresses, hasSameConnections);
    }

    /// <summary>The budget that counts its connections.</summary>
    internal ConnectionBudget Budget { get; }

    /// <summary>
    /// The secret that each request to a WSGI worker of the group carries, so that the worker accepts nothing else as a request: 256 random
    /// bits in hexadecimal. It appears in no log, command line or environment.
    /// </summary>
    public string Secret { get; } = RandomBytes.Hexadecimal(32);

    /// <summary>Called before a request is given to a worker; may be null. It must not block.</summary>
    internal Action? BeforeRequest { get; set; }

    /// <summary>Whether a request for this path is only a health check of the application.</summary>
    public bool IsHealthCheck(string path) =>
        Options.HealthCheckPaths.Count > 0 && Options.HealthCheckPaths.Contains(path, StringComparer.Ordinal);

    /// <summary>The queue of the workers and of the requests waiting for one.</summary>
    public WorkerQueue Queue { get; }

    /// <summary>The flush policy in force.</summary>
    public LiveFlushPolicy Policy { get; }

    /// <summary>Its counts.</summary>
    public GroupStatistics Statistics { get; }

    /// <summary>The relay of its responses.</summary>
    public ResponseRelay Relay { get; }

    /// <summary>
    /// The longest time for which the client may accept nothing: <c>response-socket-timeout</c>, or <c>socket-timeout</c> if that is 0.
    /// </summary>
    public TimeSpan ClientTimeout => Options.ResponseSocketTimeout > TimeSpan.Zero ? Options.ResponseSocketTimeout : Options.SocketTimeout;

    /// <summary>
    /// Sends a request and reads the head of its response. If the worker fails before any byte of the response has arrived, a repeatable
    /// request is sent once more, to another worker if there is one, unless the request itself made the worker fail: see
    /// <see cref="RepeatRule"/>.
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
            var now = _time.GetTimestamp();
            var free = Queue.TryTake(failed, !request.IsHealthCheck, now);
            var (worker, connection) = free?.TakeKept(request.Repeatable, now) is { } kept
                ? (free, kept) : await ConnectAsync(request, free, failed, clientGone).ConfigureAwait(false);
            RequestBodyPump? pump = null;
            try
            {
                var sending = connection.SendAsync(request.Head.Bytes, clientGone);
                if (!sending.IsCompletedSuccessfully) await HeadSentAsync(sending).ConfigureAwait(false);
                if (request.Body is { } body)
                {
                    pump = new RequestBodyPump(body, connection, _time);
                    pump.Start();
                }
                connection.BeginHead();
                ResponseHead? head;
                while ((head = connection.TryReadHead(request.IsHead, pump is null ? null : pump.GoAhead)) is null)
                    await connection.WaitForHeadAsync(clientGone).ConfigureAwait(false);
                return new DaemonExchange(this, request, worker, connection, head, pump);
            }
            catch (Exception failure)
            {
                connection.Dispose();
                var again = await AfterFailureAsync(request, worker, connection, pump, failure, failed is not null).ConfigureAwait(false);
                if (again == RepeatDecision.No) throw;
                if (again == RepeatDecision.Once) failed = worker;
            }
        }
    }

    /// <summary>Gives back the place of a try that got no response, and decides whether there is another one.</summary>
    /// <exception cref="BrokenResponseException">There is none, and the reason is another than the failure itself.</exception>
    private async ValueTask<RepeatDecision> AfterFailureAsync(
        DaemonRequest request, DaemonWorker worker, DaemonConnection connection, RequestBodyPump? pump, Exception failure,
        bool hasBeenRepeated)
    {
        if (pump is not null) await pump.StopAsync().ConfigureAwait(false);
        var tried = failure is NothingCameException { Reason: var how } && request.Repeatable
            ? await TryOfAsync(worker, how, connection.Reused, hasBeenRepeated).ConfigureAwait(false)
            : null as FailedTry?;
        Queue.Release(worker, !request.IsHealthCheck);
        var again = tried is { } known ? RepeatRule.Decide(known) : RepeatDecision.No;
        if (again != RepeatDecision.No) return again;
        if (tried is { Died: 1, IsTakenUp: not false })
            throw new BrokenResponseException(
                EventCatalogue.ClosedInHead,
                "its worker died while it served this request and no other, so that it is given to none of the others");
        if (pump?.ClientFailure is { } byClient) throw byClient;
        // Whatever the daemon answered before it stopped reading is more informative.
        var closed = failure is NothingCameException
            || (failure is BrokenResponseException { Reason: var reason }
            && (reason == EventCatalogue.ClosedInHead || reason == EventCatalogue.HeadReadError));
        if (pump?.DaemonFailure is { } unsent && closed)
            throw new BrokenResponseException(EventCatalogue.RequestBodyWriteError, unsent.Message, unsent);
        if (failure is NothingCameException nothing) throw nothing.Reason;
        return RepeatDecision.No;
    }

    /// <summary>
    /// Collects what is known about a try that got no response. The request still occupies its place on the worker, so that requests that
    /// died together count each other.
    /// </summary>
    private async ValueTask<FailedTry> TryOfAsync(DaemonWorker worker, BrokenResponseException reason, bool wasKept, bool hasBeenRepeated)
    {
        // Linux resets a local connection if, and only if, the other side ends with sent bytes unread.
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

    private static async ValueTask HeadSentAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
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
    /// <param name="request">The request.</param>
    /// <param name="taken">A worker that it has a place on already, without a kept connection; null: none.</param>
    /// <param name="avoid">A worker that has just failed the request; null: none.</param>
    /// <param name="clientGone">Ends the wait.</param>
    private async ValueTask<(DaemonWorker Worker, DaemonConnection Connection)> ConnectAsync(
        DaemonRequest request, DaemonWorker? taken, DaemonWorker? avoid, CancellationToken clientGone)
    {
        long start = 0;
        var moves = 0;
        var pause = FirstPause;
        while (true)
        {
            var worker = taken ?? await TakeAsync(request, avoid, clientGone).ConfigureAwait(false);
            taken = null;
            if (worker.TakeKept(request.Repeatable, _time.GetTimestamp()) is { } kept) return (worker, kept);
            // connect-timeout covers connecting only; the wait for a place is not part of it.
            if (start == 0) start = _time.GetTimestamp();
            var left = Options.ConnectTimeout - _time.GetElapsedTime(start);
            var limit = Addresses?.LimitOf(left) ?? left;
            try
            {
                var connection = await worker.ConnectAsync(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, clientGone).ConfigureAwait(false);
                Addresses?.Succeed(worker);
                return (worker, connection);
            }
            catch (Exception failure)
            {
                Queue.Release(worker, !request.IsHealthCheck);
                if (failure is not (SocketException or TimeoutException)) throw;
                // Nothing of the request has been sent, so that it moves to another server at once.
                if (Addresses is not null && !IsOwn(failure, worker.Address) && Addresses.Fail(worker, failure.Message)
                    && ++moves < Options.Addresses.Count)
                {
                    avoid = worker;
                    continue;
                }
                moves = 0;
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

    /// <summary>Whether a failure may be temporary: no socket yet, nobody listening yet, backlog full, no descriptor left.</summary>
    private static bool IsPassing(SocketError error) =>
        error is SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.TryAgain or SocketError.WouldBlock
            or SocketError.ConnectionReset or SocketError.TimedOut or SocketError.HostNotFound or SocketError.InProgress
            or SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    /// <summary>Whether the front end itself has nothing left to connect with, which says nothing about the server.</summary>
    internal static bool IsOwn(Exception failure, DaemonAddress address) => failure is SocketException { SocketErrorCode: var error }
        && (error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
        // Of a Unix socket it means that there is none; of TCP, that all local ports are taken.
        || (error == SocketError.AddressNotAvailable && address.UnixSocket is null));

    /// <summary>Closes the kept connections.</summary>
    public void Dispose()
    {
        External?.Dispose();
        Addresses?.Dispose();
    }
}
