using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using DaemonProxy.Platform;

namespace DaemonProxy.Relay;

/// <summary>
/// Turns on the threads that serve the sockets: whoever gives others their turn goes on once they have had it, on the same thread. The pool
/// would go on elsewhere, and the sockets' thread, woken for each piece that arrives with nothing to do, would take as much time from the
/// processor as the work (measured: 0.27 CPU s for a GiB, and 0.19 on the sockets' thread).
/// </summary>
/// <remarks>
/// A thread is told of turns by a socket of its own, among the sockets that it serves. Outside Linux, and where sockets' continuations do
/// not run on the sockets' threads, turns are the pool's.
/// </remarks>
public sealed class SocketTurns : PipeScheduler, IDisposable
{
    // Of a millisecond at most each, together: what another socket waits for.
    private const int MostAtOnce = 4;

    private readonly List<ThreadTurns> _threads = [];
    private int _next;

    /// <summary>Opens a pair of sockets for each thread.</summary>
    /// <param name="threads">The number of threads that serve the sockets; 0: turns are the pool's.</param>
    /// <exception cref="IOException">The system has no sockets left.</exception>
    public SocketTurns(int threads)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            // One after the other: the runtime gives each new socket to the thread after the one that it gave the last.
            for (var i = 0; i < threads; i++) _threads.Add(new());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Schedule(Action<object?> action, object? state)
    {
        if (_threads.Count == 0)
        {
            ThreadPool.Schedule(action, state);
            return;
        }
        var here = Environment.CurrentManagedThreadId;
        foreach (var thread in _threads)
        {
            if (thread.Id != here) continue;
            thread.Add(action, state);
            return;
        }
        _threads[(int)((uint)Interlocked.Increment(ref _next) % (uint)_threads.Count)].Add(action, state);
    }

    /// <summary>Closes the sockets. Turns that are left are the pool's.</summary>
    public void Dispose() => _threads.ForEach(static thread => thread.Dispose());

    /// <summary>The turns of one thread.</summary>
    private sealed class ThreadTurns : IDisposable
    {
        private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _turns = new();
        private readonly Socket _told;
        private readonly Socket _tells;
        private int _isTold;
        private volatile bool _hasEnded;

        public ThreadTurns()
        {
            (_told, _tells) = SystemCalls.CreateSocketPair();
            _ = ServeAsync();
        }

        /// <summary>The thread that took the latest turns; 0: none has.</summary>
        public int Id { get; private set; }

        public void Add(Action<object?> action, object? state)
        {
            _turns.Enqueue((action, state));
            if (_hasEnded) LeaveToPool();
            else if (Interlocked.Exchange(ref _isTold, 1) == 0) Tell();
        }

        private async Task ServeAsync()
        {
            var told = new byte[1];
            try
            {
                while (true)
                {
                    // Already told, it would return at once, and other sockets would never have their turn.
                    var telling = _told.ReceiveAsync(told.AsMemory(), SocketFlags.None);
                    if (!_turns.IsEmpty) Tell();
                    else
                    {
                        // A full fence: whoever adds a turn either sees this, or is seen by the next line.
                        Interlocked.Exchange(ref _isTold, 0);
                        if (!_turns.IsEmpty && Interlocked.Exchange(ref _isTold, 1) == 0) Tell();
                    }
                    if (await telling.ConfigureAwait(false) == 0) break;
                    Id = Environment.CurrentManagedThreadId;
                    // The other sockets come after a few, and before what these add.
                    for (var left = Math.Min(_turns.Count, MostAtOnce); left > 0 && _turns.TryDequeue(out var turn); left--)
                        turn.Action(turn.State);
                }
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                // Disposed of.
            }
            _hasEnded = true;
            LeaveToPool();
        }

        private void LeaveToPool()
        {
            while (_turns.TryDequeue(out var turn)) ThreadPool.Schedule(turn.Action, turn.State);
        }

        private void Tell()
        {
            try { _tells.Send([0]); }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                // Disposed of.
            }
        }

        public void Dispose()
        {
            _told.Dispose();
            _tells.Dispose();
        }
    }
}
