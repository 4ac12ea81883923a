using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Fleet;
using DaemonProxy.Pacing;

namespace DaemonProxy.Filters;

/// <summary>The part of a rate limit that can be changed while the limit is in force.</summary>
/// <param name="Rate">Bytes per second; 0: no limit.</param>
/// <param name="InitialBurst">Bytes that leave unpaced. They apply to the start of each response; for a shared limit they are shared by all
/// responses together and become available again over time.</param>
/// <param name="Pacer">What keeps the rate.</param>
public sealed record RateLimit(long Rate, long InitialBurst, PacerKind Pacer);

/// <summary>
/// A rate limit in force: its rate, and the responses it applies to. It can be changed while responses are in flight: they continue at the
/// new rate, and those waiting for their turn are woken.
/// </summary>
public sealed class LiveRateLimit : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly PacingLoad _load;
    private readonly RateConditions _conditions;

    // Created by the first response that is paced: most routes have a limit only so that one can be set.
    private HashSet<IPacer>? _pacers;
    private readonly SharedLimiters? _shared;
    private volatile RateLimit _limit;

    /// <summary>Makes a limit.</summary>
    /// <param name="limit">The initial limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="scope">What shares it.</param>
    /// <param name="conditions">The responses it applies to; null: all.</param>
    /// <param name="load">The count that its responses share with those of other limits; null: they are counted separately.</param>
    /// <param name="fleet">The fleet that shares it; null: it belongs to this front end alone.</param>
    public LiveRateLimit(
        RateLimit limit, TimeProvider time, RateScope scope = RateScope.Response, RateConditions? conditions = null,
        PacingLoad? load = null, FleetLimit? fleet = null)
    {
        Fleet = fleet;
        _limit = limit;
        _time = time;
        _conditions = conditions ?? RateConditions.None;
        _load = load ?? new PacingLoad();
        Scope = scope;
        if (scope != RateScope.Response) _shared = new SharedLimiters(time, _load, fleet);
    }

    /// <summary>Creates a limit from its configuration.</summary>
    /// <param name="options">Its configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="load">The count of paced responses.</param>
    /// <param name="place">Where the configuration has it, which tells it from the fleet's other limits: a route's path, or empty.</param>
    /// <param name="member">The fleet's member; null: no fleet is configured.</param>
    public static LiveRateLimit From(
        RateLimitOptions options, TimeProvider time, PacingLoad load, string place = "", FleetMember? member = null) =>
        new(new(options.RateLimit, options.RateInitialBurst, options.Pacer), time, options.RateScope, options.Conditions, load,
            options.SharedBy == LimitSharing.Fleet && member is not null ? new FleetLimit(member, options, place) : null);

    /// <summary>The fleet that shares it; null: it belongs to this front end alone.</summary>
    public FleetLimit? Fleet { get; }

    /// <summary>This front end's shares of a fleet's limit, one for each client or route that has had a response recently.</summary>
    public IReadOnlyList<FleetShare> Shares => _shared?.Shares() ?? [];

    /// <summary>What shares the rate.</summary>
    public RateScope Scope { get; }

    /// <summary>Whether all responses that share the limit share one initial burst, instead of each having its own.</summary>
    internal bool SharesBurst => _shared is not null;

    /// <summary>The responses it applies to.</summary>
    public RateConditions Conditions => _conditions;

    /// <summary>The number of responses that are paced by it now.</summary>
    public int Responses
    {
        get { lock (_gate) return _pacers?.Count ?? 0; }
    }

    /// <summary>The number of its shared limiters at the moment: one for each client or route that has had a response recently.</summary>
    internal int Limiters => _shared?.Count ?? 0;

    /// <summary>The number of responses waiting for their turn in a shared limiter.</summary>
    internal int Waiting => _shared?.Waiting ?? 0;

    /// <summary>
    /// The limit in force. The configuration's rules ensure that only a limit of response scope has a pacer that cannot be shared.
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
                waiting = _pacers is null ? [] : [.. _pacers];
            }
            foreach (var pacer in waiting) pacer.Wake();
        }
    }

    /// <summary>
    /// Returns a pacer for one response and the limit in force; null if there is no limit. Give the pacer back through <see cref="End"/>.
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
            (_pacers ??= []).Add(pacer);
            return pacer;
        }
    }

    /// <summary>Refuses what would begin to obey a limit that its fleet cannot keep now, where <c>on-loss</c> is refuse.</summary>
    /// <exception cref="BrokenResponseException">So it is.</exception>
    internal void RefuseIfLost()
    {
        if (Fleet is { Member.Refuses: true } && _limit.Rate > 0)
            throw new BrokenResponseException(EventCatalogue.FleetLimitRefused, "the limit cannot be kept without the server");
    }

    /// <summary>Takes back the pacer of a response.</summary>
    internal void End(IPacer pacer)
    {
        lock (_gate) _pacers?.Remove(pacer);
        pacer.Dispose();
    }

    /// <summary>Ends its timers. Responses still waiting for their turn wait until their clients leave.</summary>
    public void Dispose() => _shared?.Dispose();
}
