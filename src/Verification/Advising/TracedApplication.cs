using DaemonProxy.Relay;
using DaemonProxy.Statistics;

namespace DaemonProxy.Verification.Advising;

/// <summary>
/// The body of a response whose application writes a trace: each burst as long after the one before as the trace says, or, while the socket
/// between it and the relay is full, when there is room again.
/// </summary>
/// <param name="trace">What it writes.</param>
/// <param name="time">The clock.</param>
internal sealed class TracedApplication(IReadOnlyList<Burst> trace, VirtualTime time) : IResponseBody
{
    /// <summary>The most that the front end receives at a time.</summary>
    private const int LargestRead = 262_144;

    private static readonly byte[] Memory = new byte[LargestRead];

    private int _next;
    private long _left;
    private long _unread;

    // When the next burst begins, or the one under way goes on if there is room.
    private TimeSpan _due = time.Now;

    // When the oldest unread byte was written, and that of the last read.
    private TimeSpan _oldest;
    private TimeSpan _read;

    /// <inheritdoc/>
    public long? CameAt => _read < time.Now ? _read.Ticks : null;

    private bool HasEnded => _next == trace.Count && _left == 0;

    /// <inheritdoc/>
    public bool TryRead(out BodyBlock block)
    {
        Write();
        var read = (int)Math.Min(_unread, LargestRead);
        _read = _oldest;
        _unread -= read;
        // A writer that was waiting for this room takes it at once.
        Write();
        var end = HasEnded && _unread == 0;
        block = new(Memory.AsMemory(0, read), end);
        return read > 0 || end;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        Write();
        if (_unread > 0 || HasEnded)
            return true;
        var silence = _due - time.Now;
        var isTooLong = limit >= TimeSpan.Zero && silence > limit;
        if (isTooLong && limit == TimeSpan.Zero)
            return false;
        await time.PassAsync(isTooLong ? limit : silence).ConfigureAwait(false);
        return !isTooLong;
    }

    /// <summary>Writes what the application has written by now.</summary>
    private void Write()
    {
        while (time.Now >= _due)
        {
            if (_left == 0)
            {
                if (_next == trace.Count)
                    return;
                _left = trace[_next++].Bytes;
            }

            var written = Math.Min(_left, WritingCounter.SocketCapacity - _unread);
            if (_unread == 0)
                _oldest = _due;
            _unread += written;
            _left -= written;
            if (_left > 0)
            {
                // Whoever cannot write has stalled no less for it.
                _due = time.Now;
                return;
            }

            _due += trace[_next - 1].Silence;
        }
    }
}
