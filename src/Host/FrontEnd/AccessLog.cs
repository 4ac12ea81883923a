using System.Buffers;
using DaemonProxy.Events;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Writes one line per finished request. Lines are written in batches, every second or sooner when many have collected, by another
/// thread, so that no request ever waits for the disk or for whoever reads the log.
/// </summary>
internal sealed class AccessLog : IDisposable
{
    private const int LargestBatch = 65_536;

    // What a stuck disk may cost in memory; lines beyond it are lost, and one event says so.
    private const int MostWaiting = 4 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Lock _writing = new();
    private readonly ILogOutput _output;
    private readonly AccessLine _line;
    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private ArrayBufferWriter<byte> _collected = new(2 * LargestBatch);
    private ArrayBufferWriter<byte> _spare = new(2 * LargestBatch);
    private long _lost;
    private int _flushing;
    private bool _failed;
    private bool _disposed;

    /// <summary>Creates the log.</summary>
    /// <param name="output">Where its lines go; disposed with the log.</param>
    /// <param name="line">The format of a line.</param>
    /// <param name="log">Receives one event when they cannot be written.</param>
    /// <param name="time">The clock.</param>
    public AccessLog(ILogOutput output, AccessLine line, EventLog log, TimeProvider time)
    {
        (_output, _line, _log, _time) = (output, line, log, time);
        _timer = time.CreateTimer(_ => FlushInTime(), null, Longest, Longest);
    }

    // One that waits for the one that writes is enough: it takes all that has collected until then. A reader that is stuck for long would
    // otherwise hold a thread more every second.
    private void FlushInTime()
    {
        if (Interlocked.Increment(ref _flushing) <= 2) Flush();
        Interlocked.Decrement(ref _flushing);
    }

    /// <summary>Adds the line of one request.</summary>
    public void Write(IHttpRequestFeature request, RequestRecord record, in FinishedRequest finished)
    {
        lock (_gate)
        {
            if (_disposed) return;
            var before = _collected.WrittenCount;
            if (before >= MostWaiting)
            {
                _lost++;
                return;
            }
            _line.Append(_collected, new(request, record, finished, _time.GetUtcNow() - finished.Duration));
            if (before < LargestBatch && _collected.WrittenCount >= LargestBatch) _timer.Change(TimeSpan.Zero, Longest);
        }
    }

    private void Flush()
    {
        lock (_writing)
        {
            long lost;
            lock (_gate)
            {
                if (_disposed) return;
                (_collected, _spare) = (_spare, _collected);
                (lost, _lost) = (_lost, 0);
            }
            if (lost > 0) _log.Write(EventCatalogue.AccessLogFailed, $"it was held up; {lost} lines are lost");
            if (_spare.WrittenCount == 0) return;
            try
            {
                _output.Write(_spare.WrittenSpan, EventSeverity.Information);
                _failed = false;
            }
            catch (IOException failure)
            {
                // Serving requests matters more than logging them. The failure is reported once, until writing works again.
                if (!_failed) _log.Write(EventCatalogue.AccessLogFailed, failure.Message);
                _failed = true;
            }
            // Requests go on with the other buffer meanwhile; this one is not kept at the size that a stuck disk made it.
            if (_spare.Capacity > 8 * LargestBatch) _spare = new(2 * LargestBatch);
            else _spare.ResetWrittenCount();
        }
    }

    /// <summary>Writes the pending lines and reopens the file by name.</summary>
    public void Reopen()
    {
        Flush();
        lock (_writing)
        {
            if (!_disposed) _output.Reopen();
        }
    }

    /// <summary>Writes the pending lines.</summary>
    public void Dispose()
    {
        Flush();
        lock (_writing)
        {
            lock (_gate) _disposed = true;
        }
        _timer.Dispose();
        _output.Dispose();
    }
}
