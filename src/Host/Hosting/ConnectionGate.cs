using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Lets so many connections of clients in and no more, on all addresses of a server together. The next one waits in the system's backlog
/// until one ends, or is accepted and closed at once. That it happens is an event, at most one a minute.
/// </summary>
/// <param name="limit">Connections at a time, &gt; 0.</param>
/// <param name="action">What becomes of those beyond.</param>
/// <param name="budget">Where each is counted.</param>
/// <param name="log">Where events go.</param>
/// <param name="time">The clock of the events.</param>
internal sealed class ConnectionGate(long limit, ConnectionLimitAction action, ConnectionBudget budget, EventLog log, TimeProvider time)
{
    private static readonly TimeSpan BetweenEvents = TimeSpan.FromMinutes(1);
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private readonly Lock _gate = new();
    private long _open;
    private long _reportedFull = long.MinValue;
    private long _reportedFailure = long.MinValue;

    /// <summary>Whether a connection is accepted before there is room for it, to be closed.</summary>
    public bool Closes => action == ConnectionLimitAction.Close;

    /// <summary>Takes a place, if there is one.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_open < limit && budget.TryTake())
            {
                _open++;
                return true;
            }
        }
        Report(ref _reportedFull, EventCatalogue.ConnectionLimitReached,
            $"{Interlocked.Read(ref _open)} connections are open; "
                + $"{(Closes ? "new ones are closed at once" : "new ones wait until one ends")}");
        return false;
    }

    /// <summary>Waits until there may be a place.</summary>
    public Task RoomAsync(CancellationToken cancellationToken)
    {
        var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_open < limit) return Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
            _waiting.Enqueue(room);
        }
        return room.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Gives a place back.</summary>
    public void Leave()
    {
        budget.Return();
        lock (_gate)
        {
            _open--;
            while (_waiting.TryDequeue(out var room) && !room.TrySetResult())
            {
            }
        }
    }

    /// <summary>Says that the system gave no connection.</summary>
    public void ReportFailure(SocketException failure) =>
        Report(ref _reportedFailure, EventCatalogue.AcceptFailed,
            $"{failure.Message} ({failure.SocketErrorCode}); {budget.Open} connections are open");

    private void Report(ref long reported, EventDefinition definition, string text)
    {
        var last = Interlocked.Read(ref reported);
        var now = time.GetTimestamp();
        if (last != long.MinValue && time.GetElapsedTime(last, now) < BetweenEvents) return;
        if (Interlocked.CompareExchange(ref reported, now, last) == last) log.Write(definition, text);
    }
}
