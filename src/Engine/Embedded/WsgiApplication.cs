using System.Collections.Concurrent;
using DaemonProxy.Events;

namespace DaemonProxy.Embedded;

/// <summary>An application in the interpreter, with its request threads. Requests that find no free thread wait.</summary>
public sealed class WsgiApplication
{
    private readonly BlockingCollection<WsgiRequest> _queue = [];
    private readonly Thread[] _threads;

    internal WsgiApplication(string target, int threads, Action<RequestThread> run)
    {
        Target = target;
        Threads = [.. Enumerable.Range(0, threads).Select(_ => new RequestThread(this))];
        _threads = [.. Threads.Select(
            (thread, number) => new Thread(() => run(thread)) { IsBackground = true, Name = $"wsgi {number + 1}" })];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>The script's full path, or module:callable.</summary>
    public string Target { get; }

    internal IReadOnlyList<RequestThread> Threads { get; }

    /// <summary>Submits a request; <see cref="WsgiRequest.Done"/> completes when the application is done with it.</summary>
    public void Submit(WsgiRequest request)
    {
        try { _queue.Add(request); }
        catch (InvalidOperationException)
        {
            // The application is stopping: requests that arrive now are no longer run.
            request.Abort(EventCatalogue.ApplicationError, "the application is stopping");
            request.Finish();
        }
    }

    /// <summary>Waits for the next request; null when there will be no more.</summary>
    internal WsgiRequest? Take() => _queue.TryTake(out var request, Timeout.Infinite) ? request : null;

    /// <summary>Ends the request threads once they have finished their requests.</summary>
    /// <returns>Whether they ended in time.</returns>
    internal bool Stop(TimeSpan limit)
    {
        _queue.CompleteAdding();
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        return _threads.All(thread => thread.Join((int)Math.Max(0, end - Environment.TickCount64)));
    }
}
