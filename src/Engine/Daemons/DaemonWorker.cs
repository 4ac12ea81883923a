using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>
/// One destination for the requests of a group: an address, the number of requests it serves at a time, and the connections kept open to
/// it.
/// </summary>
public sealed class DaemonWorker : IDisposable
{
    /// <summary>
    /// The capacity of a worker that queues requests itself, as every server does that was not started with a thread count.
    /// </summary>
    public const int Unlimited = int.MaxValue;

    // As many connections as are worth keeping between two bursts of load; more would only be idle sockets on both sides.
    private const int MostKept = 256;

    private static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(200);

    private readonly DaemonGroupOptions _options;
    private readonly DaemonLimits _limits;
    private readonly KnownLines _known = new();
    private readonly TimeProvider _time;
    private readonly ConnectionBudget _budget;
    private readonly ConcurrentStack<DaemonConnection> _kept = new();
    private readonly bool _reuseAlways;
    private readonly TimeSpan _sweepEvery;
    private readonly ITimer _sweeper;
    private int _sweeping;
    private int _keptCount;
    private volatile bool _disposed;

    /// <summary>Creates a worker without connecting to it.</summary>
    /// <param name="options">Its group's configuration.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="capacity">How many requests it serves at a time, &gt; 0.</param>
    /// <param name="time">The clock for its timeouts.</param>
    /// <param name="budget">The budget that counts its connections; idle ones are closed when the budget runs short.</param>
    public DaemonWorker(DaemonGroupOptions options, DaemonAddress address, int capacity, TimeProvider time, ConnectionBudget budget)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _options = options;
        _limits = new DaemonLimits(options.SocketTimeout, options.HeaderBufferSize, options.ResponseHeaderTimeout);
        _time = time;
        Address = address;
        Capacity = capacity;
        LastUse = time.GetTimestamp();
        _reuseAlways = options.KeepaliveUnrepeatable || options.Source is DaemonSource.Application or DaemonSource.Sample;
        _sweepEvery = options.DaemonKeepalive < ShortestSweep ? ShortestSweep : options.DaemonKeepalive;
        _sweeper = time.CreateTimer(
            static worker => ((DaemonWorker)worker!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _budget = budget;
        _budget.Short += CloseKept;
    }

    /// <summary>Where it listens.</summary>
    public DaemonAddress Address { get; }

    /// <summary>How many requests it serves at a time.</summary>
    public int Capacity { get; }

    /// <summary>The number of requests it is serving. Only its <see cref="WorkerQueue"/> writes this.</summary>
    public int Active { get; internal set; }

    /// <summary>The number of requests it has been given since it started. Only its <see cref="WorkerQueue"/> writes this.</summary>
    public long Requests { get; internal set; }

    /// <summary>
    /// When it was last given, or last finished, a request other than a health check, as a timestamp of the clock. Only its
    /// <see cref="WorkerQueue"/> writes this.
    /// </summary>
    public long LastUse { get; internal set; }

    /// <summary>
    /// Whether it has ever been given a request other than a health check. Only its <see cref="WorkerQueue"/> writes this.
    /// </summary>
    internal bool IsUsed { get; set; }

    /// <summary>Whether a health check has one of its places. Only its <see cref="WorkerQueue"/> writes this.</summary>
    internal bool IsChecked { get; set; }

    /// <summary>
    /// Completes when the worker's process has ended, with the number of requests that died with it: 0 if the worker had already been
    /// closed. Null: the front end did not start the process.
    /// </summary>
    internal TaskCompletionSource<int>? Death { get; init; }

    /// <summary>A kept connection that is still open, or null.</summary>
    /// <remarks>
    /// A server may close a connection at the very moment when a request is on its way: gunicorn with --max-requests does so, however short
    /// the idle time was. With 600 POSTs over 8 connections to two workers that restart every 20 requests, 60 became a 502 on connections
    /// idle for less than 1 s, 25 on those idle for less than 1 ms, and none when each had its own connection, which lowers throughput
    /// (gunicorn, 8 threads, 2 cores) from 5,500 to 3,300 POSTs per second. A request that must not be repeated therefore gets a connection
    /// of its own, unless the group is configured otherwise or the worker is a WSGI worker, which leaves closing to the front end.
    /// </remarks>
    /// <param name="repeatable">Whether the request can be sent again if the worker closes the connection at this very moment.</param>
    /// <param name="now">The timestamp of the clock.</param>
    internal DaemonConnection? TakeKept(bool repeatable, long now)
    {
        if (!repeatable && !_reuseAlways) return null;
        while (_kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref _keptCount);
            if (!connection.IsStale() && _time.GetElapsedTime(connection.RestsSince, now) < _options.DaemonKeepalive) return connection;
            connection.Dispose();
        }
        return null;
    }

    /// <summary>Keeps a connection for another request.</summary>
    /// <returns>When it began to rest, as a timestamp of the clock; null: it was closed.</returns>
    internal long? Keep(DaemonConnection connection)
    {
        if (_options.DaemonKeepalive == TimeSpan.Zero)
        {
            connection.Dispose();
            return null;
        }
        connection.Rest();
        var since = connection.RestsSince;
        Store(connection);
        return since;
    }

    private void Store(DaemonConnection connection)
    {
        if (Interlocked.Increment(ref _keptCount) > MostKept || _disposed)
        {
            Interlocked.Decrement(ref _keptCount);
            connection.Dispose();
            return;
        }
        _kept.Push(connection);
        if (Interlocked.Exchange(ref _sweeping, 1) == 0) _sweeper.Change(_sweepEvery, Timeout.InfiniteTimeSpan);
        // A concurrent Dispose may have missed this connection.
        if (_disposed) CloseKept();
    }

    /// <summary>Makes one attempt to connect.</summary>
    /// <exception cref="SocketException">The worker does not accept the connection.</exception>
    /// <exception cref="TimeoutException">The time was up.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    internal async ValueTask<DaemonConnection> ConnectAsync(TimeSpan limit, CancellationToken clientGone)
    {
        if (!_budget.TryTake()) throw new SocketException((int)SocketError.TooManyOpenSockets);
        Socket? socket = null;
        try
        {
            socket = Address.UnixSocket is not null
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            if (_options.SendBufferSize > 0) socket.SendBufferSize = (int)_options.SendBufferSize;
            if (_options.ReceiveBufferSize > 0) socket.ReceiveBufferSize = (int)_options.ReceiveBufferSize;
            EndPoint target = Address.UnixSocket is { } path
                ? new UnixDomainSocketEndPoint(path) : new DnsEndPoint(Address.Host!, Address.Port);
            var connecting = socket.ConnectAsync(target, clientGone);
            if (connecting.IsCompleted) await connecting.ConfigureAwait(false);
            else await connecting.AsTask().WaitAsync(limit, _time, clientGone).ConfigureAwait(false);
            return new DaemonConnection(socket, _limits, _time, _budget, _known);
        }
        catch
        {
            socket?.Dispose();
            _budget.Return();
            throw;
        }
    }

    /// <summary>
    /// Closes the connections that have been idle too long. Otherwise those at the bottom of the stack would remain, already closed by the
    /// daemon, until a burst of load takes them.
    /// </summary>
    private void Sweep()
    {
        var fresh = new List<DaemonConnection>();
        while (_kept.TryPop(out var connection))
        {
            if (!connection.IsStale() && _time.GetElapsedTime(connection.RestsSince) < _options.DaemonKeepalive) fresh.Add(connection);
            else
            {
                Interlocked.Decrement(ref _keptCount);
                connection.Dispose();
            }
        }
        Volatile.Write(ref _sweeping, 0);
        if (fresh.Count == 0) return;
        // Puts the most recently used connection back on top.
        fresh.Reverse();
        _kept.PushRange([.. fresh]);
        if (_disposed) CloseKept();
        else if (Interlocked.Exchange(ref _sweeping, 1) == 0) _sweeper.Change(_sweepEvery, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Closes the kept connections; a later one is kept again.</summary>
    internal void CloseKept()
    {
        while (_kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref _keptCount);
            connection.Dispose();
        }
    }

    /// <summary>Takes over the resting connections of another worker with the same address and the same options for connections.</summary>
    internal void TakeOver(DaemonWorker previous)
    {
        while (previous._kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref previous._keptCount);
            Store(connection);
        }
    }

    /// <summary>Closes the kept connections; those in use are closed when their request ends.</summary>
    public void Dispose()
    {
        _disposed = true;
        _sweeper.Dispose();
        _budget.Short -= CloseKept;
        CloseKept();
    }
}
