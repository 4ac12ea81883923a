using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Lets a kept HTTP/1.1 connection rest: after some seconds without a request Kestrel's HTTP layer is told that the client has ended the
/// connection, and lets go of all that it keeps for one, which is most of what an idle connection costs. The socket stays open. The
/// client's next byte begins a new HTTP layer on it, and neither side notices.
/// </summary>
/// <remarks>
/// The heartbeat of Kestrel comes once a second. Its time-outs are those of the HTTP layer, so that keepalive-timeout is kept here while
/// the connection rests.
/// </remarks>
internal sealed class ConnectionRest : IConnectionHeartbeatFeature
{
    private readonly ConnectionContext _connection;
    private readonly ClientSocketReader _reader;
    private readonly ClientSocketWriter _writer;
    private long _written;
    private int _ticksToRest;
    private int _ticksToClose;
    private volatile Beat? _beat;
    private RestedMemory? _memory;
    private int _ticks;
    private short? _wait;
    private volatile bool _isServing = true;

    /// <summary>Creates what lets a connection rest.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="reader">Its reader.</param>
    /// <param name="writer">Its writer.</param>
    public ConnectionRest(ConnectionContext connection, ClientSocketReader reader, ClientSocketWriter writer) =>
        (_connection, _reader, _writer) = (connection, reader, writer);

    /// <summary>
    /// Whether the connection rests: the end of the HTTP layer is not its end. A layer that has anything to say before it ends has not come
    /// to rest.
    /// </summary>
    public bool IsResting => _reader.IsPaused && _writer.Written == _written;

    /// <summary>
    /// Whether a request is being served. A connection whose application never says that none is never rests, because a read that waits
    /// may then be one of a body.
    /// </summary>
    public bool IsServing
    {
        set
        {
            if (!value) _reader.HasConsumed = false;
            _isServing = value;
        }
    }

    /// <summary>Serves the connection until its end.</summary>
    /// <param name="http">Kestrel's HTTP layer.</param>
    /// <param name="after">After how long without a request it rests.</param>
    /// <param name="keepAlive">After how long without a request it is closed.</param>
    /// <param name="memory">Collects what it lets go of.</param>
    public async Task ServeAsync(ConnectionDelegate http, TimeSpan after, TimeSpan keepAlive, RestedMemory memory)
    {
        _memory = memory;
        var features = _connection.Features;
        _ticksToRest = Math.Max(1, (int)after.TotalSeconds);
        _ticksToClose = (int)Math.Min(int.MaxValue, keepAlive.TotalSeconds) - _ticksToRest;
        features.Get<IConnectionHeartbeatFeature>()!.OnHeartbeat(static rest => ((ConnectionRest)rest).Tick(), this);
        // Each HTTP layer asks for the heartbeat, and never stops asking.
        features.Set<IConnectionHeartbeatFeature>(this);
        await using var stopping = features.Get<IConnectionLifetimeNotificationFeature>()!.ConnectionClosedRequested.UnsafeRegister(
            static rest => ((ConnectionRest)rest!).Stop(), this);
        do await http(_connection);
        while (IsResting && await WakesAsync());
    }

    /// <inheritdoc/>
    public void OnHeartbeat(Action<object> action, object state) => _beat = new(action, state);

    /// <summary>One second has passed.</summary>
    public void Tick()
    {
        if (IsResting)
        {
            if (++_ticks >= _ticksToClose) _reader.CancelPendingRead();
            return;
        }
        _beat?.Pass();
        // Kestrel consumes the lines of a head one by one.
        var wait = _isServing || _reader.HasConsumed ? null : _reader.Wait;
        if (wait is null || wait != _wait) (_wait, _ticks) = (wait, 0);
        else if (++_ticks >= _ticksToRest && _ticksToClose > 0)
        {
            _ticks = 0;
            _written = _writer.Written;
            if (_reader.TryPause(wait.Value)) _memory!.Add();
        }
    }

    private void Stop()
    {
        if (IsResting) _reader.CancelPendingRead();
    }

    private async ValueTask<bool> WakesAsync()
    {
        // It would keep the layer that has ended.
        (_beat, _wait) = (null, null);
        try
        {
            var read = await _reader.ReadAsync();
            if (read.Buffer.IsEmpty) return false;
            _reader.AdvanceTo(read.Buffer.Start);
            _isServing = true;
            return true;
        }
        catch (Exception gone) when (gone is ConnectionResetException or ConnectionAbortedException or IOException or SocketException)
        {
            return false;
        }
        finally
        {
            _reader.Resume();
        }
    }

    /// <summary>What an HTTP layer does once a second.</summary>
    private sealed class Beat(Action<object> action, object state)
    {
        public void Pass() => action(state);
    }
}
