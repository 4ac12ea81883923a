namespace DaemonProxy.Pacing;

/// <content>
/// What a limiter whose rate is a share of a fleet's needs in addition: the demand of its responses, and a change of rate that neither
/// forgives nor invents bytes.
/// </content>
public sealed partial class ByteRateLimiter
{
    // A response that a wider rate would not help spends little time in the queue: it is granted its write and is away until its own
    // limit, its client or its application lets it come back. One that would take more is back at once.
    private const double HungryFrom = 0.5;

    private Meter? _meter;

    /// <summary>Makes a limiter whose rate is a share, and whose demand is metered.</summary>
    /// <param name="rate">The first share, bytes per second, &gt; 0.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">The count of all responses paced in this process.</param>
    /// <param name="wanted">Called, under the limiter's lock, when a response has to wait while the share is <see cref="NoShare"/>.</param>
    internal static ByteRateLimiter CreateForShare(long rate, TimeProvider time, PacingLoad load, Action wanted) =>
        new(rate, time, load) { _meter = new(wanted) };

    /// <summary>The rate of a limiter that has no share: bytes per second. What is sent in advance is one write, the smallest.</summary>
    internal const long NoShare = 1;

    /// <summary>Whether any response has a share of the limiter.</summary>
    internal bool HasShares
    {
        get { lock (_gate) return _shares > 0; }
    }

    /// <summary>
    /// Sets the share. Unlike <see cref="Rate"/>, it keeps what has been sent and is not paid for yet, in bytes: a rate that changes ten
    /// times a second would otherwise give away a write each time. Waiting responses need no waking.
    /// </summary>
    internal void SetShare(long rate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        lock (_gate)
        {
            if (rate == (long)_rate) return;
            var now = Now();
            _due = now + (_due - now) * _rate / rate;
            // So is the lateness that may be made up for: it was lateness at the old rate.
            _late *= Math.Min(1, _rate / rate);
            _rate = rate;
            if (_armed) Arm();
        }
    }

    /// <summary>Returns the demand since the last call, and begins a new period.</summary>
    internal LimiterDemand TakeDemand()
    {
        lock (_gate)
        {
            var (now, hungry, content, bytes) = (Now(), 0, 0, 0d);
            foreach (var share in _meter!.Present)
            {
                var isQueued = share.Index >= 0;
                var queued = share.Queued + (isQueued ? now - share.QueuedSince : 0);
                var present = now - share.PresentSince;
                if (queued >= HungryFrom * present && (isQueued || queued > 0)) hungry++;
                else if (share.Sent > 0)
                {
                    content++;
                    bytes += share.Sent / Math.Max(present, Tick);
                }
                (share.PresentSince, share.QueuedSince, share.Queued, share.Sent) = (now, now, 0, 0);
            }
            return new(_meter.Present.Count, hungry, content, bytes);
        }
    }

    private void BeginMetering(TokenBucketPacer share)
    {
        share.PresentSince = Now();
        _meter!.Present.Add(share);
    }

    private void BeginQueueing(TokenBucketPacer share)
    {
        share.QueuedSince = Now();
        if (_rate <= NoShare) _meter!.Wanted();
    }

    private void EndQueueing(TokenBucketPacer share) => share.Queued += Now() - share.QueuedSince;

    private sealed class Meter(Action wanted)
    {
        public HashSet<TokenBucketPacer> Present { get; } = [];

        public Action Wanted => wanted;
    }
}
