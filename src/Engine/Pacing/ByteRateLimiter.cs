using System.Threading.RateLimiting;
using DaemonProxy.Timing;

namespace DaemonProxy.Pacing;

/// <summary>
/// A token bucket whose permits are bytes, for one response or for any number of them, each with its own <see cref="TokenBucketPacer"/>.
/// Unlike the token bucket of the .NET package, it uses a <see cref="TimeProvider"/> and deadlines: each write has a due time, the next
/// write is due when the bytes of this one are paid for, and a wait that ended late is made up for. So neither lateness nor rounding
/// accumulates, at any rate.
/// </summary>
/// <remarks>
/// Waiting responses share one queue and one timer. Start-time fair queueing (Goyal, Vin and Cheng, 1996) decides which is next: a write
/// starts where the last write of its response ended, counted in bytes, but not before the writes being served; the lowest start is next.
/// So all responses with something to send get the same share, whatever the sizes of their writes, and a response that had nothing to send,
/// or has a lower limit of its own, saves up nothing. Each write is granted alone and sent before the next is chosen, so that a response
/// with small writes is back in the queue in time.
/// </remarks>
public sealed partial class ByteRateLimiter : RateLimiter
{
    // The largest write of a limit that it matters to; larger ones would only cost memory. Where a millisecond is worth more, a write may be
    // as large as the blocks of a response that stay in the system.
    private const long UsualWrite = 65_536;
    private const long LargestWrite = 262_144;

    // Per second. Writes are granted one after the other, and a limit shared by thousands should not occupy a whole processor.
    private const int MostWrites = 20_000;

    // How much an application may catch up after a pause: as much as one write, so that any window of one second exceeds the rate by at
    // most 2%.
    private static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(20);

    // How much of the limiter's own lateness may be made up for; a machine that slept for an hour must not send an hour's worth.
    private static readonly TimeSpan MostLateness = TimeSpan.FromMilliseconds(200);

    // A tick of the clock's timers, in seconds: anything due sooner than that counts as due now.
    private const double Tick = 1e-7;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly PacingLoad _load;
    private readonly long _origin;
    private readonly IndexedHeap<TokenBucketPacer> _waiting = new(1);
    private ITimer? _timer;
    private double _rate;
    private double _burst;
    private double _due;
    private double _late;
    private double _lastUse;
    private long _virtual;
    private long _granted;
    private long _queued;
    private int _shares;
    private bool _started;
    private bool _armed;
    private bool _dispatching;
    private bool _disposed;

    /// <summary>Makes a limiter.</summary>
    /// <param name="rate">Bytes per second, &gt; 0.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">The count of all responses paced in this process; null: this limiter counts only its own.</param>
    /// <param name="burst">Bytes that leave unpaced, &gt;= 0: the capacity of the bucket, which is full at first and refills at the rate
    /// while less is sent.</param>
    public ByteRateLimiter(long rate, TimeProvider time, PacingLoad? load = null, long burst = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        ArgumentOutOfRangeException.ThrowIfNegative(burst);
        _burst = burst;
        _time = time;
        _rate = rate;
        _load = load ?? new PacingLoad();
        _origin = time.GetTimestamp();
    }

    /// <summary>
    /// Bytes per second. Whoever sets a new rate must wake the responses that wait under the old one; the time they have waited is
    /// forgotten.
    /// </summary>
    public long Rate
    {
        get => (long)_rate;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            lock (_gate)
            {
                var now = Now();
                // The bucket keeps the number of bytes it holds.
                _due = now - Math.Max(0, now - _due) * _rate / value;
                _rate = value;
                if (_armed) Arm();
            }
        }
    }

    /// <summary>
    /// Bytes that leave unpaced. A larger burst becomes available as the bucket refills; bytes beyond a smaller burst are lost.
    /// </summary>
    public long Burst
    {
        get => (long)_burst;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            lock (_gate) _burst = value;
        }
    }

    /// <summary>
    /// The size of a response's next write, 512 bytes or more: its share of 20 ms' worth, so that waits do not grow with the number of
    /// waiting responses.
    /// </summary>
    /// <remarks>The contents of the bucket leave in large writes: small writes only make sense with pauses between them, and here there are
    /// none.</remarks>
    internal long WriteSize
    {
        get
        {
            var largest = Math.Clamp((long)_rate / 1000, UsualWrite, LargestWrite);
            return _burst > 0 && Saved() > largest
                ? largest
                : Math.Clamp(Math.Max((long)_rate / 50 / (_waiting.Count + 1), (long)_rate / MostWrites), _load.SmallestWrite, largest);
        }
    }

    /// <summary>How many responses wait for their turn.</summary>
    internal int Waiting
    {
        get { lock (_gate) return _waiting.Count; }
    }

    /// <summary>Called when a response begins.</summary>
    internal void Enter(TokenBucketPacer share)
    {
        _load.Enter();
        lock (_gate)
        {
            _shares++;
            if (_meter is not null) BeginMetering(share);
        }
    }

    /// <summary>Called when a response has ended.</summary>
    internal void Leave(TokenBucketPacer share)
    {
        _load.Leave();
        lock (_gate)
        {
            Unqueue(share);
            _meter?.Present.Remove(share);
            _shares--;
        }
    }

    /// <summary>Grants a write now or queues it.</summary>
    /// <returns>True: the write is granted; false: it waits, and <see cref="TokenBucketPacer.Complete"/> will be called.</returns>
    internal bool Request(TokenBucketPacer share, int bytes)
    {
        lock (_gate)
        {
            if (TryGrant(share, bytes)) return true;
            share.Bytes = bytes;
            share.Rank = StartOf(share);
            _waiting.Set(share);
            _queued += bytes;
            if (_meter is not null) BeginQueueing(share);
            // A running dispatch looks at the queue again before it finishes.
            if (!_armed && !_dispatching) Arm();
            return false;
        }
    }

    /// <summary>Takes a response out of the queue.</summary>
    /// <returns>Whether it was in the queue; nobody else will then complete its wait.</returns>
    internal bool Withdraw(TokenBucketPacer share)
    {
        lock (_gate)
        {
            return Unqueue(share);
        }
    }

    private bool Unqueue(TokenBucketPacer share)
    {
        if (share.Index < 0) return false;
        _waiting.Remove(share);
        _queued -= share.Bytes;
        if (_meter is not null) EndQueueing(share);
        return true;
    }

    private bool TryGrant(TokenBucketPacer share, int bytes)
    {
        if (_waiting.Count > 0) return false;
        var now = Now();
        // Discards the time in which nothing was requested, except for the credit and the limiter's own lateness.
        var burst = _burst / _rate;
        _due = _started ? Math.Max(_due, now - _late - Math.Max(burst, Credit.TotalSeconds)) : now - burst;
        _started = true;
        if (_due > now + Tick) return false;
        share.Rank = StartOf(share);
        Pay(share, bytes, now);
        return true;
    }

    /// <summary>The bytes that may leave at once.</summary>
    private long Saved()
    {
        var now = Now();
        return (long)Math.Clamp(_started ? (now - _due) * _rate : _burst, 0, Math.Max(_burst, Credit.TotalSeconds * _rate));
    }

    /// <summary>
    /// Where a response's next write starts. A response that was briefly absent because it was sending may catch up on one write.
    /// </summary>
    private long StartOf(TokenBucketPacer share) =>
        Math.Max(share.Finish, _virtual - Math.Clamp((long)_rate / 50, _load.SmallestWrite, LargestWrite));

    private void Pay(TokenBucketPacer share, int bytes, double now)
    {
        _virtual = Math.Max(_virtual, share.Rank);
        share.Finish = share.Rank + bytes;
        _due += bytes / _rate;
        _late = Math.Min(_late, Math.Max(0, now - _due));
        _lastUse = now;
        _granted++;
        if (_meter is not null) share.Sent += bytes;
    }

    /// <summary>Sets the timer to fire when the next write is due.</summary>
    private void Arm()
    {
        if (_disposed) return;
        _armed = true;
        _timer ??= _time.CreateTimer(
            static limiter => ((ByteRateLimiter)limiter!).Dispatch(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var wait = _due - Now();
        _timer.Change(wait > 0 ? TimeSpan.FromSeconds(wait) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Grants the writes that are due, one by one. A response continues right here, on the timer's pool thread, until it waits again.
    /// </summary>
    private void Dispatch()
    {
        lock (_gate)
        {
            _armed = false;
            if (_dispatching) return;
            _dispatching = true;
        }
        while (Next() is { } share) share.Complete(granted: true);
    }

    private TokenBucketPacer? Next()
    {
        lock (_gate)
        {
            var now = Now();
            _due = Math.Max(_due, now - Math.Max(Math.Max(_late, MostLateness.TotalSeconds), _burst / _rate));
            if (_waiting.First is { } first && _due <= now + Tick)
            {
                _late = Math.Max(_late, now - _due);
                Unqueue(first);
                Pay(first, first.Bytes, now);
                return first;
            }
            _dispatching = false;
            if (_waiting.Count > 0) Arm();
            return null;
        }
    }

    private double Now() => _time.GetElapsedTime(_origin).TotalSeconds;
}
