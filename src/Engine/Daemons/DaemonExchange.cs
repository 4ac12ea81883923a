using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// One request at a daemon: its response's head, its body still to be read. Disposing it gives the connection back, or closes it when the
/// exchange was not completed, and the place on the worker.
/// </summary>
public sealed class DaemonExchange : IAsyncDisposable
{
    private readonly DaemonGroup _group;
    private readonly bool _isUse;
    private readonly DaemonWorker _worker;
    private readonly RequestBodyPump? _pump;
    private int _ended;

    internal DaemonExchange(
        DaemonGroup group, DaemonRequest request, DaemonWorker worker, DaemonConnection connection, ResponseHead head,
        RequestBodyPump? pump)
    {
        _group = group;
        _isUse = !request.IsHealthCheck;
        _worker = worker;
        _pump = pump;
        Connection = connection;
        Head = head;
    }

    /// <summary>The response's head.</summary>
    public ResponseHead Head { get; }

    /// <summary>The connection, which is the body to be read.</summary>
    public DaemonConnection Connection { get; }

    /// <summary>Set when the client did not deliver its request's body: then the response broke off by the client's fault.</summary>
    public BrokenResponseException? ClientFailure => _pump?.ClientFailure;

    /// <summary>Ends the exchange; once it has ended, nothing happens.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        var requestSent = _pump is null || _pump.Complete;
        if (_pump is not null) await _pump.StopAsync().ConfigureAwait(false);
        if (requestSent && Connection.Reusable) _worker.Keep(Connection);
        else Connection.Dispose();
        _group.Queue.Release(_worker, _isUse);
    }
}
