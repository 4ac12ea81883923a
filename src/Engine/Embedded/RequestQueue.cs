using DaemonProxy.Timing;

namespace DaemonProxy.Embedded;

/// <summary>
/// Requests that wait for a thread, and threads that wait for a request. The thread that became idle last gets the next request: its
/// memory is still in the processor's cache. A thread waits without spinning, because the others need the processor.
/// </summary>
internal sealed class RequestQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<WsgiRequest> _requests = [];
    private readonly Stack<Waiter> _idle = [];
    private bool _isComplete;

    /// <summary>Adds a request; false when the queue has been completed.</summary>
    public bool TryAdd(WsgiRequest request)
    {
        Waiter? waiter;
        lock (_gate)
        {
            if (_isComplete) return false;
            if (!_idle.TryPop(out waiter))
            {
                _requests.Enqueue(request);
                return true;
            }
            waiter.Request = request;
        }
        waiter.Wait.Signal();
        return true;
    }

    /// <summary>Waits for the next request; null when there will be no more.</summary>
    /// <param name="waiter">The waiting thread's own.</param>
    public WsgiRequest? Take(Waiter waiter)
    {
        lock (_gate)
        {
            if (_requests.TryDequeue(out var next)) return next;
            if (_isComplete) return null;
            waiter.Request = null;
            _idle.Push(waiter);
        }
        waiter.Wait.Wait();
        return waiter.Request;
    }

    /// <summary>Takes no more requests; the threads end once those that are in the queue have been taken.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            while (_idle.TryPop(out var waiter)) waiter.Wait.Signal();
        }
    }

    /// <summary>A thread's place in the queue.</summary>
    public sealed class Waiter
    {
        /// <summary>Wakes the thread.</summary>
        public ThreadWait Wait { get; } = new();

        /// <summary>What the thread was woken for; null: there is no more.</summary>
        public WsgiRequest? Request { get; set; }
    }
}
