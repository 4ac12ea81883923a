using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Gives each request of a group a place on a worker: the one with the fewest requests, never more on one than it takes at a time.
/// While there is no place requests wait here, first come first served, so that none waits behind a slow one in a worker while another is
/// idle, and one that waited for queue-timeout is dropped on time (behaviour.md, section 5).
/// </summary>
public sealed class WorkerQueue
{
    // One that has used up its connect-timeout goes on only while a worker is there.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly DaemonGroupOptions _options;
    private readonly TimeProvider _time;
    private readonly List<DaemonWorker> _open = [];
    private readonly LinkedList<Turn> _waiting = new();

    /// <summary>Makes a queue without workers.</summary>
    public WorkerQueue(DaemonGroupOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _unmannedSince = time.GetTimestamp();
    }

    /// <summary>Called, outside the queue's lock, when a request has left a worker.</summary>
    public Action<DaemonWorker>? Released { get; set; }

    /// <summary>Called, outside the queue's lock, when the last worker has been closed.</summary>
    internal Action? Emptied { get; set; }

    /// <summary>Whether there is any worker.</summary>
    public bool HasWorkers
    {
        get { lock (_gate) return _open.Count > 0; }
    }

    /// <summary>For how long, all in all, there has been no worker.</summary>
    internal TimeSpan Unmanned
    {
        get { lock (_gate) return UnmannedNow(); }
    }

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
    private TimeSpan _unmanned;
    private long _unmannedSince;

    private TimeSpan UnmannedNow() => _open.Count > 0 ? _unmanned : _unmanned + _time.GetElapsedTime(_unmannedSince);

    /// <summary>Gives a worker requests from now on.</summary>
    public void Open(DaemonWorker worker)
    {
        lock (_gate)
        {
            _unmanned = UnmannedNow();
            _open.Add(worker);
            while (_waiting.First is { } first && worker.Active < worker.Capacity) Give(worker, first);
        }
    }

    /// <summary>Gives a worker no more requests; those it has go on. Nothing happens when it is closed already.</summary>
    public void Close(DaemonWorker worker)
    {
        if (Remove(worker).IsLast) Emptied?.Invoke();
    }

    /// <summary>
    /// Closes a worker whose process has ended, and tells those who wait for an answer of it with how many requests it died: none when it
    /// was closed before, for then it was asked to end.
    /// </summary>
    internal void Bury(DaemonWorker worker)
    {
        var (wasOpen, isLast, active) = Remove(worker);
        worker.Death?.TrySetResult(wasOpen ? active : 0);
        if (isLast) Emptied?.Invoke();
    }

    private (bool WasOpen, bool IsLast, int Active) Remove(DaemonWorker worker)
    {
        lock (_gate)
        {
            var wasOpen = _open.Remove(worker);
            var isLast = wasOpen && _open.Count == 0;
            if (isLast) _unmannedSince = _time.GetTimestamp();
            return (wasOpen, isLast, worker.Active);
        }
    }

    /// <summary>Takes a place on a worker, waiting for one if need be. <see cref="Release"/> gives it back.</summary>
    /// <param name="avoid">A worker that has failed this request just now: it is taken only where there is no other.</param>
    /// <param name="clientGone">Ends the wait.</param>
    /// <param name="unserved">For how long the request has been without any worker already: it is of the connect-timeout, too.</param>
    /// <param name="isUse">Whether it is a use of the worker for <c>inactivity-timeout</c>; a health check is none.</param>
    /// <exception cref="BrokenResponseException">No worker was free within queue-timeout, or none there at all for
    /// connect-timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask<DaemonWorker> TakeAsync(
        DaemonWorker? avoid, CancellationToken clientGone, TimeSpan unserved = default, bool isUse = true)
    {
        Place place;
        lock (_gate)
        {
            if (_waiting.Count == 0 && LeastBusy(avoid) is { } worker)
            {
                Occupy(worker, isUse);
                return new(worker);
            }
            var node = _waiting.AddLast(new Turn(isUse));
            place = new(node, _waiting.Count > _options.ListenBacklog, _time.GetTimestamp(), UnmannedNow() - unserved);
        }
        return WaitAsync(place, clientGone);
    }

    /// <summary>Completes with the worker that a request gets.</summary>
    private sealed class Turn(bool isUse) : TaskCompletionSource<DaemonWorker>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool IsUse => isUse;
    }

    /// <summary>A request's place among those that wait.</summary>
    /// <param name="Node">Its place.</param>
    /// <param name="BehindBacklog">Whether it is one too many.</param>
    /// <param name="Start">Since when.</param>
    /// <param name="UnmannedBefore">What <see cref="Unmanned"/> was when the request was first without a worker.</param>
    private sealed record Place(LinkedListNode<Turn> Node, bool BehindBacklog, long Start, TimeSpan UnmannedBefore)
    {
        public Task<DaemonWorker> Given => Node.Value.Task;
    }

    private async ValueTask<DaemonWorker> WaitAsync(Place place, CancellationToken clientGone)
    {
        while (true)
        {
            try
            {
                return await place.Given.WaitAsync(NextLook(place), _time, clientGone).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!GaveUp(place))
            {
            }
            catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
            {
                if (!TryLeave(place.Node)) return await place.Given.ConfigureAwait(false);
                clientGone.ThrowIfCancellationRequested();
                var waited = _time.GetElapsedTime(place.Start);
                throw _options.QueueTimeout > TimeSpan.Zero && waited >= _options.QueueTimeout
                    ? new BrokenResponseException(
                    EventCatalogue.QueueTimeout, $"daemon group '{_options.Name}' had no place free for {waited.TotalSeconds:0.###} s")
                    : new BrokenResponseException(EventCatalogue.ConnectTimeout, place.BehindBacklog
                        ? $"daemon group '{_options.Name}' has more than listen-backlog ({_options.ListenBacklog}) requests waiting"
                        : $"daemon group '{_options.Name}' had no worker running for "
                        + $"{(Unmanned - place.UnmannedBefore).TotalSeconds:0.###} s");
            }
        }
    }

    /// <summary>
    /// When a request has to look whether it waits in vain. The workers may go at any moment, and with them gone it has what is left of its
    /// connect-timeout: so it looks whenever that would be over if they had gone just now.
    /// </summary>
    private TimeSpan NextLook(Place place)
    {
        var waited = _time.GetElapsedTime(place.Start);
        var limit = _options.ConnectTimeout - (place.BehindBacklog ? waited : Unmanned - place.UnmannedBefore);
        if (limit <= TimeSpan.Zero) limit = LookAgain;
        if (_options.QueueTimeout <= TimeSpan.Zero) return limit;
        var queue = _options.QueueTimeout - waited;
        if (queue <= TimeSpan.Zero) return TimeSpan.Zero;
        return queue < limit ? queue : limit;
    }

    private bool GaveUp(Place place)
    {
        lock (_gate)
        {
            if (place.Node.List is null) return false;
            var waited = _time.GetElapsedTime(place.Start);
            return (_options.QueueTimeout > TimeSpan.Zero && waited >= _options.QueueTimeout)
                || (place.BehindBacklog && waited >= _options.ConnectTimeout)
                || (_open.Count == 0 && UnmannedNow() - place.UnmannedBefore >= _options.ConnectTimeout);
        }
    }

    private bool TryLeave(LinkedListNode<Turn> place)
    {
        lock (_gate)
        {
            if (place.List is null) return false;
            _waiting.Remove(place);
            return true;
        }
    }

    /// <summary>Gives a place back; the first of those that wait gets it.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="isUse">What was said when it was taken.</param>
    public void Release(DaemonWorker worker, bool isUse = true)
    {
        lock (_gate)
        {
            worker.Active--;
            _active--;
            if (isUse) worker.LastUse = _time.GetTimestamp();
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

    private void Give(DaemonWorker worker, LinkedListNode<Turn> place)
    {
        _waiting.Remove(place);
        Occupy(worker, place.Value.IsUse);
        place.Value.SetResult(worker);
    }

    private void Occupy(DaemonWorker worker, bool isUse)
    {
        worker.Active++;
        worker.Requests++;
        if (isUse) (worker.IsUsed, worker.LastUse) = (true, _time.GetTimestamp());
        _active++;
    }
}
