using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Gives each request of a group a place on the worker with the fewest requests, never exceeding what a worker serves at a time. While no
/// place is free, requests wait here, first come, first served. This way no request waits behind a slow one in a worker while another
/// worker is idle, and a request that has waited for queue-timeout is dropped on time (behaviour.md, section 5).
/// </summary>
public sealed class WorkerQueue
{
    // A request that has used up its connect-timeout keeps waiting only while there is a worker.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly DaemonGroupOptions _options;
    private readonly TimeProvider _time;
    private readonly List<DaemonWorker> _open = [];
    private readonly LinkedList<Turn> _waiting = new();

    /// <summary>Creates a queue without workers.</summary>
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

    /// <summary>The number of workers that are given requests.</summary>
    internal int Workers
    {
        get { lock (_gate) return _open.Count; }
    }

    /// <summary>The total time during which there has been no worker.</summary>
    internal TimeSpan Unmanned
    {
        get { lock (_gate) return UnmannedNow(); }
    }

    /// <summary>The number of requests being served.</summary>
    public int Active
    {
        get { lock (_gate) return _active; }
    }

    /// <summary>The number of requests waiting for a place.</summary>
    public int Waiting
    {
        get { lock (_gate) return _waiting.Count; }
    }

    private int _active;
    private TimeSpan _unmanned;
    private long _unmannedSince;

    private TimeSpan UnmannedNow() => _open.Count > 0 ? _unmanned : _unmanned + _time.GetElapsedTime(_unmannedSince);

    /// <summary>Opens a worker, which is given requests from now on.</summary>
    public void Open(DaemonWorker worker)
    {
        lock (_gate)
        {
            _unmanned = UnmannedNow();
            _open.Add(worker);
            while (_waiting.First is { } first && HasRoom(worker)) Give(worker, first);
        }
    }

    /// <summary>Closes a worker, which is given no more requests but finishes those it has. Does nothing if it is already closed.</summary>
    public void Close(DaemonWorker worker)
    {
        if (Remove(worker).IsLast) Emptied?.Invoke();
    }

    /// <summary>
    /// Closes a worker whose process has ended, and tells the requests waiting for its answer how many requests died with it: none if it
    /// had been closed before, because it was then asked to end.
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

    /// <summary>Takes a place on a worker if one is free and nobody waits for it. <see cref="Release"/> gives it back.</summary>
    /// <param name="avoid">As for <see cref="TakeAsync"/>.</param>
    /// <param name="isUse">As for <see cref="TakeAsync"/>.</param>
    /// <param name="at">The timestamp of the clock.</param>
    internal DaemonWorker? TryTake(DaemonWorker? avoid, bool isUse, long at)
    {
        lock (_gate) return TakeFree(avoid, isUse, at);
    }

    private DaemonWorker? TakeFree(DaemonWorker? avoid, bool isUse, long at)
    {
        if (_waiting.Count > 0 || LeastBusy(avoid) is not { } worker) return null;
        Occupy(worker, isUse, at);
        return worker;
    }

    /// <summary>Takes a place on a worker, waiting for one if need be. <see cref="Release"/> gives it back.</summary>
    /// <param name="avoid">A worker that has just failed this request; it is used only if no other is free.</param>
    /// <param name="clientGone">Ends the wait.</param>
    /// <param name="unserved">How long the request has already been without any worker; this counts towards connect-timeout, too.</param>
    /// <param name="isUse">Whether the request counts as activity for <c>inactivity-timeout</c>; a health check does not.</param>
    /// <exception cref="BrokenResponseException">No worker was free within queue-timeout, or there was none at all for
    /// connect-timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask<DaemonWorker> TakeAsync(
        DaemonWorker? avoid, CancellationToken clientGone, TimeSpan unserved = default, bool isUse = true)
    {
        Place place;
        lock (_gate)
        {
            if (TakeFree(avoid, isUse, _time.GetTimestamp()) is { } worker) return new(worker);
            var node = _waiting.AddLast(new Turn(isUse));
            place = new(node, _waiting.Count > _options.ListenBacklog, _time.GetTimestamp(), UnmannedNow() - unserved);
        }
        return WaitAsync(place, clientGone);
    }

    /// <summary>A task that completes with the worker given to a request.</summary>
    private sealed class Turn(bool isUse) : TaskCompletionSource<DaemonWorker>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool IsUse => isUse;
    }

    /// <summary>The place of a request in the queue.</summary>
    /// <param name="Node">Its node in the list.</param>
    /// <param name="BehindBacklog">Whether it exceeds listen-backlog.</param>
    /// <param name="Start">When the wait began.</param>
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
    /// How long a request waits before it next checks whether it waits in vain. The last worker may disappear at any moment, and the
    /// request then has only the rest of its connect-timeout. So it checks when that rest would be over if all workers had disappeared just
    /// now.
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

    /// <summary>Gives a place back; the first waiting request gets it.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="isUse">The same value as when the place was taken.</param>
    /// <param name="at">The timestamp of the clock; null: it is read.</param>
    public void Release(DaemonWorker worker, bool isUse = true, long? at = null)
    {
        lock (_gate)
        {
            worker.Active--;
            _active--;
            if (isUse) worker.LastUse = at ?? _time.GetTimestamp();
            // A closed worker is given no more requests. Any other worker with a free place is, because one may have opened meanwhile.
            if (_waiting.First is { } first && LeastBusy(null) is { } free) Give(free, first);
        }
        Released?.Invoke(worker);
    }

    /// <summary>
    /// Takes a place on a worker for a health check, so that the check does not wait in the worker behind requests. It counts neither as a
    /// request nor as activity.
    /// </summary>
    /// <returns>False when requests have all the places: the worker is busy, and is asked another time.</returns>
    internal bool TryTakeForCheck(DaemonWorker worker)
    {
        lock (_gate) return !worker.IsChecked && (worker.IsChecked = HasRoom(worker));
    }

    /// <summary>Gives back the place of a health check.</summary>
    internal void ReleaseCheck(DaemonWorker worker)
    {
        lock (_gate)
        {
            worker.IsChecked = false;
            if (_waiting.First is { } first && LeastBusy(null) is { } free) Give(free, first);
        }
    }

    private static bool HasRoom(DaemonWorker worker) => worker.Active < (worker.IsChecked ? worker.Capacity - 1 : worker.Capacity);

    private DaemonWorker? LeastBusy(DaemonWorker? avoid)
    {
        DaemonWorker? best = null;
        foreach (var worker in _open)
        {
            if (!HasRoom(worker)) continue;
            if (best is null || best == avoid || (worker != avoid && Before(worker, best))) best = worker;
        }
        return best;
    }

    // The less busy one; if they are equally busy, the one that has served fewer requests, so that workers wear evenly.
    private static bool Before(DaemonWorker one, DaemonWorker other) =>
        one.Active < other.Active || (one.Active == other.Active && one.Requests < other.Requests);

    private void Give(DaemonWorker worker, LinkedListNode<Turn> place)
    {
        _waiting.Remove(place);
        Occupy(worker, place.Value.IsUse, _time.GetTimestamp());
        place.Value.SetResult(worker);
    }

    private void Occupy(DaemonWorker worker, bool isUse, long at)
    {
        worker.Active++;
        worker.Requests++;
        if (isUse) (worker.IsUsed, worker.LastUse) = (true, at);
        _active++;
    }
}
