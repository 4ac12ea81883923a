using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>
/// One place where a group's requests can go: an address, how many requests it takes at a time, and the connections kept to it.
/// </summary>
public sealed class DaemonWorker : IDisposable
{
    /// <summary>The capacity of a worker that queues for itself, as any server does that was not started by its threads.</summary>
    public const int Unlimited = int.MaxValue;

    // As many as are worth keeping between two bursts of load; more would only be idle sockets on both sides.
    private const int MostKept = 256;

    private static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(200);

    private readonly DaemonGroupOptions _options;
    private readonly DaemonLimits _limits;
    private readonly TimeProvider _time;
    private readonly ConnectionBudget _budget;
    private readonly ConcurrentStack<DaemonConnection> _kept = new();
    private readonly bool _reuseAlways;
    private readonly TimeSpan _sweepEvery;
    private readonly ITimer _sweeper;
    private int _sweeping;
    private int _keptCount;
    private volatile bool _disposed;

    /// <summary>Makes a worker; nothing is connected yet.</summary>
    /// <param name="options">Its group's configuration.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="capacity">How many requests it takes at a time, &gt; 0.</param>
    /// <param name="time">The clock of its timeouts.</param>
    /// <param name="budget">Where its connections are counted; they are closed when they rest and room is short.</param>
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

    /// <summary>How many requests it takes at a time.</summary>
    public int Capacity { get; }

    /// <summary>Requests that it is serving. Written by its <see cref="WorkerQueue"/> alone.</summary>
    public int Active { get; internal set; }

    /// <summary>Requests that it was given since it started. Written by its <see cref="WorkerQueue"/> alone.</summary>
    public long Requests { get; internal set; }

    /// <summary>
    /// When it was last given a request that was no health check, or finished one, as a timestamp of the clock. Written by its
    /// <see cref="WorkerQueue"/> alone.
    /// </summary>
    public long LastUse { get; internal set; }

    /// <summary>Whether it was ever given a request that was no health check. Written by its <see cref="WorkerQueue"/> alone.</summary>
    internal bool IsUsed { get; set; }

    /// <summary>
    /// Gets, when its process has ended, how many requests died with it: 0 when it had been closed before. Null: the process is none of
    /// ours.
    /// </summary>
    internal TaskCompletionSource<int>? Death { get; init; }

    /// <summary>A kept connection that is still open, or null.</summary>
    /// <remarks>
    /// A server may close a connection in the very moment that a request is on its way on it: gunicorn with --max-requests does, however
    /// short the rest was. Of 600 POSTs in 8 connections to two workers that restart every 20 requests, 60 became a 502 on connections that
    /// had rested for less than 1 s, 25 at less than 1 ms, and none on connections of their own, which cost (gunicorn, 8 threads, 2 cores)
    /// 5,500 - 3,300 POSTs a second. So what may not be repeated gets one of its own, unless the group says otherwise, or the worker is one
    /// of ours, which leaves closing to the front end.
    /// </remarks>
    /// <param name="repeatable">Whether the request can be sent again if the worker closes the connection in this very moment.</param>
    internal DaemonConnection? TakeKept(bool repeatable)
    {
        if (!repeatable && !_reuseAlways) return null;
        while (_kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref _keptCount);
            if (!connection.IsStale() && _time.GetElapsedTime(connection.RestsSince) < _options.DaemonKeepalive) return connection;
            connection.Dispose();
        }
        return null;
    }

    /// <summary>Keeps a connection for another request.</summary>
    internal void Keep(DaemonConnection connection)
    {
        if (_options.DaemonKeepalive == TimeSpan.Zero)
        {
            connection.Dispose();
            return;
        }
        connection.Rest();
        if (Interlocked.Increment(ref _keptCount) > MostKept || _disposed)
        {
            Interlocked.Decrement(ref _keptCount);
            connection.Dispose();
            return;
        }
        _kept.Push(connection);
        if (Interlocked.Exchange(ref _sweeping, 1) == 0) _sweeper.Change(_sweepEvery, Timeout.InfiniteTimeSpan);
        // Whoever disposed the worker meanwhile may have missed this one.
        if (_disposed) CloseKept();
    }

    /// <summary>Connects, once.</summary>
    /// <exception cref="SocketException">The worker does not take the connection.</exception>
    /// <exception cref="OperationCanceledException">The time was up, or the client has left.</exception>
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
            return new DaemonConnection(socket, _limits, _time, _budget);
        }
        catch
        {
            socket?.Dispose();
            _budget.Return();
            throw;
        }
    }

    /// <summary>
    /// Closes the connections that have rested too long: those below on the stack would else stay, closed by the daemon, until a burst of
    /// load takes them.
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
        // The one that rested least is on top again.
        fresh.Reverse();
        _kept.PushRange([.. fresh]);
        if (_disposed) CloseKept();
        else if (Interlocked.Exchange(ref _sweeping, 1) == 0) _sweeper.Change(_sweepEvery, Timeout.InfiniteTimeSpan);
    }

    private void CloseKept()
    {
        while (_kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref _keptCount);
            connection.Dispose();
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
