using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Relay;

namespace DaemonProxy.Daemons;

/// <summary>A daemon group as requests see it: an address, the connections kept to it, its flush policy.</summary>
public sealed class DaemonGroup : IDisposable
{
    // As many as are worth keeping between two bursts of load; more would only be idle sockets on both sides.
    private const int MostKept = 256;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly DaemonLimits _limits;
    private readonly TimeProvider _time;
    private readonly ConcurrentStack<DaemonConnection> _kept = new();
    private int _keptCount;
    private volatile bool _disposed;

    /// <summary>Makes a group; nothing is connected yet.</summary>
    /// <param name="options">Its configuration.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="time">The clock of its timeouts.</param>
    public DaemonGroup(DaemonGroupOptions options, DaemonAddress address, TimeProvider time)
    {
        Options = options;
        Address = address;
        Policy = new LiveFlushPolicy(FlushPolicy.Of(options));
        _limits = new DaemonLimits(options.SocketTimeout, options.HeaderBufferSize);
        _time = time;
        Relay = new ResponseRelay(Policy, time, Flushes);
    }

    /// <summary>The group's configuration.</summary>
    public DaemonGroupOptions Options { get; }

    /// <summary>Where its daemons listen.</summary>
    public DaemonAddress Address { get; }

    /// <summary>The flush policy in force.</summary>
    public LiveFlushPolicy Policy { get; }

    /// <summary>The flushes sent in its responses.</summary>
    public FlushCounter Flushes { get; } = new();

    /// <summary>The relay of its responses.</summary>
    public ResponseRelay Relay { get; }

    /// <summary>The longest the client may take nothing: <c>response-socket-timeout</c>, or <c>socket-timeout</c> where that is 0.</summary>
    public TimeSpan ClientTimeout => Options.ResponseSocketTimeout > TimeSpan.Zero ? Options.ResponseSocketTimeout : Options.SocketTimeout;

    /// <summary>Sends a request and reads the head of its response.</summary>
    /// <exception cref="BrokenResponseException">There is no response; its reason carries the status for the client (behaviour.md, section 6).</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public async ValueTask<DaemonExchange> SendAsync(DaemonRequest request, CancellationToken clientGone)
    {
        while (true)
        {
            var connection = TakeKept() ?? await ConnectAsync(clientGone).ConfigureAwait(false);
            RequestBodyPump? pump = null;
            try
            {
                await SendHeadAsync(connection, request, clientGone).ConfigureAwait(false);
                if (request.Body is { } body)
                {
                    pump = new RequestBodyPump(body, connection, _time);
                    pump.Start();
                }
                var head = await connection.ReadHeadAsync(request.IsHead, pump is null ? null : pump.GoAhead, clientGone).ConfigureAwait(false);
                return new DaemonExchange(this, connection, head, pump);
            }
            catch (Exception failure)
            {
                connection.Dispose();
                if (pump is not null) await pump.StopAsync().ConfigureAwait(false);
                if (failure is StaleConnectionException && request.Repeatable) continue;
                if (pump?.ClientFailure is { } byClient) throw byClient;
                if (pump?.DaemonFailure is { } unsent && failure is not OperationCanceledException)
                    throw new BrokenResponseException(EventCatalogue.RequestBodyWriteError, unsent.Message, unsent);
                if (failure is StaleConnectionException) throw new BrokenResponseException(EventCatalogue.ClosedInHead, "it sent nothing");
                throw;
            }
        }
    }

    private static async ValueTask SendHeadAsync(DaemonConnection connection, DaemonRequest request, CancellationToken clientGone)
    {
        try
        {
            await connection.SendAsync(request.Head.Bytes, clientGone).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            if (connection.Reused) throw new StaleConnectionException();
            throw new BrokenResponseException(EventCatalogue.ClosedInHead, failure.Message, failure);
        }
        catch (TimeoutException failure)
        {
            throw new BrokenResponseException(EventCatalogue.HeadReadTimeout, "the daemon does not read the request", failure);
        }
    }

    private DaemonConnection? TakeKept()
    {
        while (_kept.TryPop(out var connection))
        {
            Interlocked.Decrement(ref _keptCount);
            if (!connection.IsStale()) return connection;
            connection.Dispose();
        }
        return null;
    }

    /// <summary>Keeps a connection for another request.</summary>
    internal void Keep(DaemonConnection connection)
    {
        connection.Rest();
        if (_disposed || Interlocked.Increment(ref _keptCount) > MostKept)
        {
            Interlocked.Decrement(ref _keptCount);
            connection.Dispose();
            return;
        }
        _kept.Push(connection);
    }

    /// <summary>Connects, trying again with growing pauses while the socket is missing or its backlog full, for at most connect-timeout.</summary>
    private async ValueTask<DaemonConnection> ConnectAsync(CancellationToken clientGone)
    {
        var start = _time.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var socket = Address.UnixSocket is not null
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var left = Options.ConnectTimeout - _time.GetElapsedTime(start);
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
                limit.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1));
                EndPoint target = Address.UnixSocket is { } path ? new UnixDomainSocketEndPoint(path) : new DnsEndPoint(Address.Host!, Address.Port);
                await socket.ConnectAsync(target, limit.Token).ConfigureAwait(false);
                return new DaemonConnection(socket, _limits, _time);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                clientGone.ThrowIfCancellationRequested();
                if (failure is SocketException { SocketErrorCode: var error } && !IsPassing(error))
                    throw new BrokenResponseException(EventCatalogue.ConnectFailed, $"daemon group '{Options.Name}' at {Address}: {failure.Message}", failure);
                left = Options.ConnectTimeout - _time.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    throw new BrokenResponseException(EventCatalogue.ConnectTimeout, $"daemon group '{Options.Name}' at {Address}, tried for {Options.ConnectTimeout.TotalSeconds:0.###} s: {failure.Message}", failure);
            }
            await Task.Delay(pause < left ? pause : left, _time, clientGone).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Whether a failure may pass: no socket yet, nobody listening yet, backlog full.</summary>
    private static bool IsPassing(SocketError error) =>
        error is SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.TryAgain or SocketError.WouldBlock
            or SocketError.ConnectionReset or SocketError.TimedOut or SocketError.HostNotFound or SocketError.InProgress;

    /// <summary>Closes the kept connections.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_kept.TryPop(out var connection)) connection.Dispose();
    }
}
