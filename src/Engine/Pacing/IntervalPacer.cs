using System.Runtime.CompilerServices;
using DaemonProxy.Timing;

namespace DaemonProxy.Pacing;

/// <summary>
/// Apache's mod_ratelimit to the letter (behaviour.md, section 2): a chunk of a fifth of the rate, then a sleep of 200 ms before the next,
/// however short a flush made the chunk. The variant from before Apache 2.4.34 passes on all data of each call, and sleeps only between the
/// chunks of one call: calls with less than a chunk are not slowed at all.
/// </summary>
public sealed class IntervalPacer : IPacer
{
    /// <summary>The pause before each chunk except the first.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly TimedWait _sleep;
    private readonly bool _before2434;
    private bool _started;

    /// <summary>Creates the pacer of one response.</summary>
    /// <param name="rate">Bytes per second, &gt; 0.</param>
    /// <param name="time">The clock.</param>
    /// <param name="before2434">Whether to behave like Apache before 2.4.34.</param>
    public IntervalPacer(long rate, TimeProvider time, bool before2434 = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        WriteSize = Math.Max(1, rate / 5);
        _before2434 = before2434;
        _sleep = new TimedWait(time);
    }

    /// <inheritdoc/>
    public long WriteSize { get; }

    /// <inheritdoc/>
    public void BeginCall()
    {
        if (_before2434) _started = false;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> PaceAsync(int bytes, CancellationToken cancellationToken)
    {
        // Nothing resets the signal: the limit of a pacer that was woken no longer exists.
        if (_started && await _sleep.WaitAsync(Interval, cancellationToken).ConfigureAwait(false)) return false;
        _started = true;
        return true;
    }

    /// <inheritdoc/>
    public void Wake() => ThreadPool.UnsafeQueueUserWorkItem(static sleep => sleep.Signal(), _sleep, preferLocal: false);

    /// <inheritdoc/>
    public void Dispose() => _sleep.Dispose();
}
