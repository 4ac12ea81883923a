using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Limits the number of client connections, across all addresses of a server. A connection beyond the limit waits in the system's backlog
/// until another one ends, or is accepted and closed at once. Either case is reported as an event, at most once a minute.
/// </summary>
/// <param name="limit">The maximum number of connections at a time, &gt; 0.</param>
/// <param name="action">What happens to connections beyond the limit.</param>
/// <param name="budget">Counts each connection.</param>
/// <param name="log">Receives the events.</param>
/// <param name="time">The clock for the events.</param>
internal sealed class ConnectionGate(long limit, ConnectionLimitAction action, ConnectionBudget budget, EventLog log, TimeProvider time)
{
    private static readonly TimeSpan BetweenEvents = TimeSpan.FromMinutes(1);
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private readonly Lock _gate = new();
    private long _open;
    private long _reportedFull = long.MinValue;
    private long _reportedFailure = long.MinValue;

    /// <summary>Whether a connection is accepted before there is room for it, in order to be closed.</summary>
    public bool Closes => action == ConnectionLimitAction.Close;

    /// <summary>The number of connections.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Takes a place if one is free.</summary>
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

    /// <summary>Waits until a place may be free.</summary>
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

    /// <summary>Returns a place.</summary>
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

    /// <summary>Reports that the system provided no connection.</summary>
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
