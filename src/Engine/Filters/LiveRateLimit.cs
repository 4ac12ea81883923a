using DaemonProxy.Configuration;
using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>What of a rate limit can be changed while it holds.</summary>
/// <param name="Rate">Bytes a second; 0: no limit.</param>
/// <param name="InitialBurst">Bytes that leave unpaced: at the start of a response, or, of a limit that is shared, once for all who share
/// it, and again as time gives them back.</param>
/// <param name="Pacer">What keeps the rate.</param>
public sealed record RateLimit(long Rate, long InitialBurst, PacerKind Pacer);

/// <summary>
/// A rate limit in force: whom it holds for, and how much. It can be changed while responses are in flight: they go on by the new rate, and
/// those that are waiting for their turn are woken.
/// </summary>
public sealed class LiveRateLimit : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly PacingLoad _load;
    private readonly RateConditions _conditions;
    private readonly HashSet<IPacer> _pacers = [];
    private readonly SharedLimiters? _shared;
    private volatile RateLimit _limit;

    /// <summary>Makes a limit.</summary>
    /// <param name="limit">The limit at first.</param>
    /// <param name="time">The clock.</param>
    /// <param name="scope">What shares it.</param>
    /// <param name="conditions">The responses that it is for; null: all.</param>
    /// <param name="load">Where its responses are counted with those of other limits; null: by themselves.</param>
    public LiveRateLimit(
        RateLimit limit, TimeProvider time, RateScope scope = RateScope.Response, RateConditions? conditions = null,
        PacingLoad? load = null)
    {
        _limit = limit;
        _time = time;
        _conditions = conditions ?? RateConditions.None;
        _load = load ?? new PacingLoad();
        Scope = scope;
        if (scope != RateScope.Response) _shared = new SharedLimiters(time, _load);
    }

    /// <summary>Makes a limit that is configured.</summary>
    public static LiveRateLimit From(RateLimitOptions options, TimeProvider time, PacingLoad load) =>
        new(new(options.RateLimit, options.RateInitialBurst, options.Pacer), time, options.RateScope, options.Conditions, load);

    /// <summary>What shares the rate.</summary>
    public RateScope Scope { get; }

    /// <summary>Whether the initial burst is one for all who share the limit, and not each response's own.</summary>
    internal bool SharesBurst => _shared is not null;

    /// <summary>The responses that it is for.</summary>
    public RateConditions Conditions => _conditions;

    /// <summary>How many responses obey it now.</summary>
    public int Responses
    {
        get { lock (_gate) return _pacers.Count; }
    }

    /// <summary>
    /// How many limiters it has at the moment beside those of single responses: one for each client, or route, that has had a response
    /// lately.
    /// </summary>
    internal int Limiters => _shared?.Count ?? 0;

    /// <summary>How many responses wait for their turn in a limiter that they share.</summary>
    internal int Waiting => _shared?.Waiting ?? 0;

    /// <summary>
    /// The limit in force. It belongs to the configuration's rules that only a limit of response scope has a pacer that cannot be shared.
    /// </summary>
    public RateLimit Limit
    {
        get => _limit;
        set
        {
            IPacer[] waiting;
            lock (_gate)
            {
                _limit = value;
                if (value.Rate > 0) _shared?.Set(value.Rate, value.InitialBurst);
                waiting = [.. _pacers];
            }
            foreach (var pacer in waiting) pacer.Wake();
        }
    }

    /// <summary>
    /// The pacer of one response by the limit in force, and that limit; null where there is none. To be given back by <see cref="End"/>.
    /// </summary>
    internal IPacer? Begin(in RateLimitKey key, out RateLimit limit)
    {
        // Under the same lock as the change of the limit: a response either hears of a change or begins after it.
        lock (_gate)
        {
            limit = _limit;
            if (limit.Rate == 0) return null;
            var definition = PacerTable.Get(limit.Pacer);
            var pacer = _shared is not null && definition.CanBeShared ? _shared.Share(key.For(Scope), limit.Rate, limit.InitialBurst)
                : definition.Create(limit.Rate, _time, _load);
            _pacers.Add(pacer);
            return pacer;
        }
    }

    /// <summary>A response goes by this pacer no longer.</summary>
    internal void End(IPacer pacer)
    {
        lock (_gate) _pacers.Remove(pacer);
        pacer.Dispose();
    }

    /// <summary>Ends its timers. Responses that are waiting by it wait no more than a client that leaves lets them.</summary>
    public void Dispose() => _shared?.Dispose();
}
