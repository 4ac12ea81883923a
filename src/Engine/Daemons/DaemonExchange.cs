using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// One request to a daemon whose response head has been read and whose body is still to be read. Disposing it frees the place on the worker
/// and returns the connection, or closes the connection if the exchange was not completed.
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

    /// <summary>The head of the response.</summary>
    public ResponseHead Head { get; }

    /// <summary>The connection, from which the body is read.</summary>
    public DaemonConnection Connection { get; }

    /// <summary>Set when the client did not deliver the body of its request: the client then caused the response to break off.</summary>
    public BrokenResponseException? ClientFailure => _pump?.ClientFailure;

    /// <summary>Ends the exchange; further calls do nothing.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return ValueTask.CompletedTask;
        if (_pump is not null) return EndAsync(_pump);
        GiveBack(requestSent: true);
        return ValueTask.CompletedTask;
    }

    private async ValueTask EndAsync(RequestBodyPump pump)
    {
        var requestSent = pump.Complete;
        await pump.StopAsync().ConfigureAwait(false);
        GiveBack(requestSent);
    }

    private void GiveBack(bool requestSent)
    {
        long? now = null;
        if (requestSent && Connection.Reusable) now = _worker.Keep(Connection);
        else Connection.Dispose();
        _group.Queue.Release(_worker, _isUse, now);
    }
}
