using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Relay;

namespace DaemonProxy.Daemons;

/// <summary>
/// Gives each request of a group a place on a worker: the one with the fewest requests, never more on one than it takes at a time.
/// While there is no place requests wait here, first come first served, so that none waits behind a slow one in a worker while another is idle,
/// and one that waited for queue-timeout is dropped on time (behaviour.md, section 5).
/// </summary>
public sealed class WorkerQueue
{
    private readonly Lock _gate = new();
    private readonly DaemonGroupOptions _options;
    private readonly TimeProvider _time;
    private readonly List<DaemonWorker> _open = [];
    private readonly LinkedList<TaskCompletionSource<DaemonWorker>> _waiting = new();

    /// <summary>Makes a queue without workers.</summary>
    public WorkerQueue(DaemonGroupOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <summary>Called, outside the queue's lock, when a request has left a worker.</summary>
    public Action<DaemonWorker>? Released { get; set; }

    /// <summary>Requests being served.</summary>
    public int Active
    {
        get { lock (_gate) return _active; }
    }

    /// <summary>Requests waiting for a place.</summary>
    public int Waiting
    {
        get { lock (_gate) return _waiting.Count; }
    }

    private int _active;

    /// <summary>Gives a worker requests from now on.</summary>
    public void Open(DaemonWorker worker)
    {
        lock (_gate)
        {
            _open.Add(worker);
            while (_waiting.First is { } first && worker.Active < worker.Capacity) Give(worker, first);
        }
    }

    /// <summary>Gives a worker no more requests; those it has go on. Nothing happens when it is closed already.</summary>
    public void Close(DaemonWorker worker)
    {
        lock (_gate) _open.Remove(worker);
    }

    /// <summary>Takes a place on a worker, waiting for one if need be. <see cref="Release"/> gives it back.</summary>
    /// <param name="avoid">A worker that has failed this request just now: it is taken only where there is no other.</param>
    /// <param name="clientGone">Ends the wait.</param>
    /// <exception cref="BrokenResponseException">No worker was free within queue-timeout, or none there at all within connect-timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask<DaemonWorker> TakeAsync(DaemonWorker? avoid, CancellationToken clientGone)
    {
        LinkedListNode<TaskCompletionSource<DaemonWorker>> place;
        bool behindBacklog;
        lock (_gate)
        {
            if (_waiting.Count == 0 && LeastBusy(avoid) is { } worker)
            {
                Occupy(worker);
                return new(worker);
            }
            behindBacklog = _waiting.Count >= _options.ListenBacklog;
            place = _waiting.AddLast(new TaskCompletionSource<DaemonWorker>(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        return WaitAsync(place, behindBacklog, clientGone);
    }

    private async ValueTask<DaemonWorker> WaitAsync(LinkedListNode<TaskCompletionSource<DaemonWorker>> place, bool behindBacklog, CancellationToken clientGone)
    {
        var start = _time.GetTimestamp();
        while (true)
        {
            var waited = _time.GetElapsedTime(start);
            // Whether any worker is there may change while this waits, so it looks again each connect-timeout.
            var limit = _options.ConnectTimeout;
            if (_options.QueueTimeout > TimeSpan.Zero && _options.QueueTimeout - waited < limit) limit = _options.QueueTimeout - waited;
            try
            {
                return await place.Value.Task.WaitAsync(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, _time, clientGone).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!GaveUp(place, start, behindBacklog))
            {
            }
            catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
            {
                if (!TryLeave(place)) return await place.Value.Task.ConfigureAwait(false);
                clientGone.ThrowIfCancellationRequested();
                waited = _time.GetElapsedTime(start);
                throw _options.QueueTimeout > TimeSpan.Zero && waited >= _options.QueueTimeout
                    ? new BrokenResponseException(EventCatalogue.QueueTimeout, $"daemon group '{_options.Name}' had no place free for {waited.TotalSeconds:0.###} s")
                    : new BrokenResponseException(EventCatalogue.ConnectTimeout, behindBacklog
                        ? $"daemon group '{_options.Name}' has more than listen-backlog ({_options.ListenBacklog}) requests waiting"
                        : $"daemon group '{_options.Name}' had no worker running for {waited.TotalSeconds:0.###} s");
            }
        }
    }

    private bool GaveUp(LinkedListNode<TaskCompletionSource<DaemonWorker>> place, long start, bool behindBacklog)
    {
        lock (_gate)
        {
            if (place.List is null) return false;
            var waited = _time.GetElapsedTime(start);
            return (_options.QueueTimeout > TimeSpan.Zero && waited >= _options.QueueTimeout)
                || (waited >= _options.ConnectTimeout && (behindBacklog || _open.Count == 0));
        }
    }

    private bool TryLeave(LinkedListNode<TaskCompletionSource<DaemonWorker>> place)
    {
        lock (_gate)
        {
            if (place.List is null) return false;
            _waiting.Remove(place);
            return true;
        }
    }

    /// <summary>Gives a place back; the first of those that wait gets it.</summary>
    public void Release(DaemonWorker worker)
    {
        lock (_gate)
        {
            worker.Active--;
            _active--;
            worker.LastUse = _time.GetTimestamp();
            // A closed worker gets no more; then any other that has a place does, for one may have opened meanwhile.
            if (_waiting.First is { } first && LeastBusy(null) is { } free) Give(free, first);
        }
        Released?.Invoke(worker);
    }

    private DaemonWorker? LeastBusy(DaemonWorker? avoid)
    {
        DaemonWorker? best = null;
        foreach (var worker in _open)
        {
            if (worker.Active >= worker.Capacity) continue;
            if (best is null || best == avoid || (worker != avoid && Before(worker, best))) best = worker;
        }
        return best;
    }

    // The least busy; of two the one that has had fewer, so that workers wear evenly.
    private static bool Before(DaemonWorker one, DaemonWorker other) =>
        one.Active < other.Active || (one.Active == other.Active && one.Requests < other.Requests);

    private void Give(DaemonWorker worker, LinkedListNode<TaskCompletionSource<DaemonWorker>> place)
    {
        _waiting.Remove(place);
        Occupy(worker);
        place.Value.SetResult(worker);
    }

    private void Occupy(DaemonWorker worker)
    {
        worker.Active++;
        worker.Requests++;
        worker.LastUse = _time.GetTimestamp();
        _active++;
    }
}
