using System.Net.Sockets;
using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>
/// The servers of a group that has several addresses. One to which no connection can be made is left out, so that requests go to the
/// others, and is tried again after a pause that grows: by connecting, so that no request has to find out. The last one is never left out,
/// because trying it is better than certain failure; while it fails, too, the others are tried every second. Where the group has a health
/// check, that alone decides which servers get requests (<see cref="ExternalHealth"/>).
/// </summary>
internal sealed class ExternalAddresses : IDisposable
{
    private readonly Lock _gate = new();
    private readonly WorkerQueue _queue;
    private readonly TimeSpan _attemptLimit;
    private readonly TimeProvider _time;
    private readonly Server[] _servers;
    private readonly CancellationTokenSource _stop = new();
    private readonly bool _isChecked;
    private bool _lastFails;

    /// <summary>Opens all servers, unless a health check has to pass first; nothing connects to them yet.</summary>
    /// <param name="workers">The servers, two or more.</param>
    /// <param name="queue">The group's queue.</param>
    /// <param name="options">The group's options; each server has an equal part of <c>connect-timeout</c>.</param>
    /// <param name="time">The clock.</param>
    public ExternalAddresses(IEnumerable<DaemonWorker> workers, WorkerQueue queue, DaemonGroupOptions options, TimeProvider time)
    {
        _servers = [.. workers.Select(worker => new Server(worker))];
        _queue = queue;
        _attemptLimit = options.ConnectTimeout / _servers.Length;
        _time = time;
        _isChecked = options.HealthCheck is not null;
        if (_isChecked) return;
        foreach (var server in _servers) queue.Open(server.Worker);
    }

    /// <summary>Called, outside any lock, when an address is left out (with the reason) or back (null).</summary>
    public Action<DaemonAddress, string?>? Changed { get; set; }

    /// <summary>The servers.</summary>
    public IReadOnlyList<DaemonWorker> Workers => [.. _servers.Select(server => server.Worker)];

    /// <summary>The servers as they are now.</summary>
    public IReadOnlyList<AddressStatus> Status
    {
        get
        {
            lock (_gate)
            {
                return [.. _servers.Select(server => new AddressStatus(
                    $"{server.Worker.Address}",
                    (server.IsOut || (_lastFails && server.Failure is not null) ? DaemonState.BackingOff : DaemonState.Ready).ToString(),
                    server.Failure, server.Worker.Active, server.Worker.Requests))];
            }
        }
    }

    /// <summary>How long one attempt to connect may take: less than all that is left while there is another server to try.</summary>
    public TimeSpan LimitOf(TimeSpan left)
    {
        return _queue.Workers > 1 && _attemptLimit < left ? _attemptLimit : left;
    }

    /// <summary>Leaves a server out that cannot be connected to.</summary>
    /// <returns>Whether there is another one to try at once.</returns>
    public bool Fail(DaemonWorker worker, string reason)
    {
        if (_isChecked) return _queue.Workers > 1;
        Server server;
        lock (_gate)
        {
            server = _servers.First(server => server.Worker == worker);
            var hasOthers = _servers.Any(other => other != server && !other.IsOut);
            // Others may have been about to connect when it was left out.
            if (server.IsOut) return hasOthers;
            if (!hasOthers)
            {
                server.Failure = reason;
                if (_lastFails) return false;
                _lastFails = true;
                foreach (var other in _servers) other.Hasten();
                return false;
            }
            LeaveOut(server, reason, failures: 1);
        }
        Changed?.Invoke(worker.Address, reason);
        return true;
    }

    /// <summary>Called when a connection has been made.</summary>
    public void Succeed(DaemonWorker worker)
    {
        // Reading without the lock costs a request nothing; what is missed is noticed by the next one.
        if (!Volatile.Read(ref _lastFails)) return;
        lock (_gate)
        {
            if (_servers.First(server => server.Worker == worker) is not { IsOut: false } server) return;
            (_lastFails, server.Failure) = (false, null);
        }
    }

    /// <summary>
    /// Takes over what another configuration has learnt about the same addresses, and its resting connections where the group's options for
    /// connections are the same.
    /// </summary>
    public void TakeOver(ExternalAddresses previous, bool withConnections)
    {
        foreach (var server in _servers)
        {
            if (previous._servers.FirstOrDefault(other => other.Worker.Address == server.Worker.Address) is not { } other) continue;
            if (withConnections) server.Worker.TakeOver(other.Worker);
            if (_isChecked) continue;
            bool isOut;
            string? failure;
            int failures;
            lock (previous._gate) (isOut, failure, failures) = (other.IsOut, other.Failure, other.Failures);
            lock (_gate)
            {
                if (isOut && !server.IsOut && _servers.Any(another => another != server && !another.IsOut))
                    LeaveOut(server, failure ?? "", failures);
            }
        }
    }

    private void LeaveOut(Server server, string reason, int failures)
    {
        (server.IsOut, server.Failure, server.Failures) = (true, reason, failures);
        server.Retry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // There is another one open, so that the queue is never without a worker.
        _queue.Close(server.Worker);
        server.Worker.CloseKept();
        _ = TryAgainAsync(server);
    }

    private async Task TryAgainAsync(Server server)
    {
        try
        {
            while (true)
            {
                Task hastened;
                TimeSpan pause;
                lock (_gate) (hastened, pause) = (server.Retry.Task, _lastFails ? BackOff.Between : BackOff.PauseAfter(server.Failures));
                try { await hastened.WaitAsync(pause, _time, _stop.Token).ConfigureAwait(false); }
                catch (TimeoutException) { }
                lock (_gate) server.Retry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                try
                {
                    // Closed again, because a server with a few workers may give one to a connection that asks for nothing.
                    (await server.Worker.ConnectAsync(_attemptLimit, _stop.Token).ConfigureAwait(false)).Dispose();
                    break;
                }
                catch (Exception failure) when (failure is SocketException or TimeoutException)
                {
                    lock (_gate) (server.Failures, server.Failure) = (server.Failures + 1, failure.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        lock (_gate)
        {
            (server.IsOut, server.Failure, server.Failures) = (false, null, 0);
            // The one that was last can be left out from now on.
            _lastFails = false;
            _queue.Open(server.Worker);
        }
        Changed?.Invoke(server.Worker.Address, null);
    }

    /// <summary>Stops trying, and closes the resting connections.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var server in _servers) server.Worker.Dispose();
    }

    private sealed class Server(DaemonWorker worker)
    {
        public DaemonWorker Worker { get; } = worker;

        public bool IsOut { get; set; }

        /// <summary>The number of attempts that have failed in a row.</summary>
        public int Failures { get; set; }

        public string? Failure { get; set; }

        /// <summary>Completes when the next attempt is due at once.</summary>
        public TaskCompletionSource Retry { get; set; } = new();

        public void Hasten() => Retry.TrySetResult();
    }
}

/// <summary>One of the addresses of a group of servers that somebody else runs.</summary>
/// <param name="Address">The address, as a configuration spells it.</param>
/// <param name="State"><c>Ready</c>; <c>BackingOff</c>: no connection could be made, and it is tried again after a pause; with a health
/// check, <c>Starting</c> until it has passed for the first time, and <c>Unhealthy</c> while it fails.</param>
/// <param name="Failure">Why no connection could be made, or what the last health check showed; null: nothing is wrong.</param>
/// <param name="ActiveRequests">The number of requests that it is serving.</param>
/// <param name="Requests">The number of requests that it has been given.</param>
public sealed record AddressStatus(string Address, string State, string? Failure, int ActiveRequests, long Requests);
