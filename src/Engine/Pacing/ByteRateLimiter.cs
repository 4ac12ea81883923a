using System.Threading.RateLimiting;
using DaemonProxy.Timing;

namespace DaemonProxy.Pacing;

/// <summary>
/// A token bucket whose permits are bytes, for one response or for any number of them, each with its <see cref="TokenBucketPacer"/>. Unlike
/// the package's own it goes by a <see cref="TimeProvider"/>, and by deadlines: each write has a time at which it falls due, the next falls
/// due where that one's bytes are paid for, and a wait that ended late is made up for. So neither lateness nor rounding adds up, at any
/// rate.
/// </summary>
/// <remarks>
/// Responses that wait stand in one queue with one timer. Who is next is decided by start-time fair queueing (Goyal, Vin and Cheng, 1996):
/// a write starts where its response's last one ended, counted in bytes, but not before the writes that are being served; the lowest start
/// is next. So all that have something to send get the same, whatever the sizes of their writes, and who had nothing to send, or a lower
/// limit of its own, has saved up nothing. A write is granted alone and goes on its way before the next is chosen: so a response with small
/// writes is back in the queue in time.
/// </remarks>
public sealed partial class ByteRateLimiter : RateLimiter
{
    /// <summary>The largest write; above that it only costs memory.</summary>
    private const long LargestWrite = 65_536;

    // A second. Writes are granted one after the other, and a limit that thousands share should not take a processor for itself.
    private const int MostWrites = 20_000;

    // What an application that paused may catch up on: as much as one write, so that a window of a second never sees more than 2% too much.
    private static readonly TimeSpan Credit = TimeSpan.FromMilliseconds(20);

    // What our own late waking may be made up for; a machine that slept for an hour does not send an hour's worth.
    private static readonly TimeSpan MostLateness = TimeSpan.FromMilliseconds(200);

    // A tick of the clock's timers: what is closer than that is now.
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
    /// <param name="rate">Bytes a second, &gt; 0.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">How many responses are paced beside it; null: it is by itself.</param>
    /// <param name="burst">Bytes that leave unpaced, &gt;= 0: what the bucket holds, full at first and filled again at the rate while less
    /// is sent.</param>
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
    /// Bytes a second. What waits by an old rate is to be woken by whoever sets a new one; what the old one had waited for is forgotten.
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
                // What is in the bucket stays as many bytes as it was.
                _due = now - Math.Max(0, now - _due) * _rate / value;
                _rate = value;
                if (_armed) Arm();
            }
        }
    }

    /// <summary>Bytes that leave unpaced. A larger burst is there when time has filled it; what is beyond a smaller one is gone.</summary>
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
    /// The size of a response's next write: its part of 20 ms worth, so that those who wait wait no longer the more of them there are; 512
    /// bytes or more.
    /// </summary>
    /// <remarks>What the bucket holds leaves in large writes: small ones are for pauses between them, and there are none.</remarks>
    internal long WriteSize => _burst > 0 && Saved() is var saved and > LargestWrite
        ? LargestWrite
        : Math.Clamp(Math.Max((long)_rate / 50 / (_waiting.Count + 1), (long)_rate / MostWrites), _load.SmallestWrite, LargestWrite);

    /// <summary>How many responses wait for their turn.</summary>
    internal int Waiting
    {
        get { lock (_gate) return _waiting.Count; }
    }

    /// <summary>A response begins.</summary>
    internal void Enter()
    {
        _load.Enter();
        lock (_gate) _shares++;
    }

    /// <summary>A response has ended.</summary>
    internal void Leave(TokenBucketPacer share)
    {
        _load.Leave();
        lock (_gate)
        {
            Unqueue(share);
            _shares--;
        }
    }

    /// <summary>Grants a write now, or has it wait.</summary>
    /// <returns>True: granted; false: it waits, and <see cref="TokenBucketPacer.Complete"/> will be called.</returns>
    internal bool Request(TokenBucketPacer share, int bytes)
    {
        lock (_gate)
        {
            if (TryGrant(share, bytes)) return true;
            share.Bytes = bytes;
            share.Rank = StartOf(share);
            _waiting.Set(share);
            _queued += bytes;
            // One that is dispatching looks at the queue again when it is through.
            if (!_armed && !_dispatching) Arm();
            return false;
        }
    }

    /// <summary>Takes a response out of the queue.</summary>
    /// <returns>Whether it was in there: then nobody else will complete its wait.</returns>
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
        return true;
    }

    private bool TryGrant(TokenBucketPacer share, int bytes)
    {
        if (_waiting.Count > 0) return false;
        var now = Now();
        // Gives up the time in which nothing was asked for, but for the credit and own lateness.
        var burst = _burst / _rate;
        _due = _started ? Math.Max(_due, now - _late - Math.Max(burst, Credit.TotalSeconds)) : now - burst;
        _started = true;
        if (_due > now + Tick) return false;
        share.Rank = StartOf(share);
        Pay(share, bytes, now);
        return true;
    }

    /// <summary>What may leave at once, bytes.</summary>
    private long Saved()
    {
        var now = Now();
        return (long)Math.Clamp(_started ? (now - _due) * _rate : _burst, 0, Math.Max(_burst, Credit.TotalSeconds * _rate));
    }

    /// <summary>
    /// Where a response's next write starts. One that was away for a moment, because it was sending, may catch up on one write.
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
    }

    /// <summary>Has the timer fire when the next write is due.</summary>
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
    /// Grants what is due, write by write. A response goes on right here, on the timer's thread of the pool, until it waits again.
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
