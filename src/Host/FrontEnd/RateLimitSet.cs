using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Filters;
using DaemonProxy.Fleet;
using DaemonProxy.Pacing;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The limits of one direction that one route has, or that all routes have together, in configuration order.</summary>
/// <param name="direction">What they slow down.</param>
/// <param name="options">The limits' configuration.</param>
/// <param name="time">The clock.</param>
/// <param name="load">Counts the paced responses.</param>
/// <param name="place">Where they stand: the path of the route, or empty.</param>
/// <param name="member">The fleet's member; null: no fleet is configured.</param>
internal sealed class RateLimitSet(
    RateDirection direction, IEnumerable<RateLimitOptions> options, TimeProvider time, PacingLoad load, string place = "",
    FleetMember? member = null) : IDisposable
{
    private readonly LimitIndex _index = new([.. options.Select(limit => LiveRateLimit.From(limit, time, load, place, member))]);

    /// <summary>What the limits slow down.</summary>
    public RateDirection Direction => direction;

    public IReadOnlyList<LiveRateLimit> Limits => _index.Limits;

    /// <summary>The same, found by what a request meets of their conditions.</summary>
    public LimitIndex Index => _index;

    /// <summary>Changes the selected limit.</summary>
    /// <param name="change">The change, and the limit that it selects.</param>
    /// <param name="of">The owner of the limits, for messages: "route '/download'".</param>
    /// <returns>The limit after the change.</returns>
    /// <exception cref="RateLimitChangeException">The selection matches no limit or several, or the change breaks a rule.</exception>
    public LiveRateLimit Change(RateLimitChange change, string of)
    {
        var meant = Limits.Where(
            (limit, index) => (change.Index ?? index + 1) == index + 1 && (change.RateScope ?? limit.Scope) == limit.Scope).ToArray();
        if (meant.Length == 0)
            throw new RateLimitChangeException(
                Limits.Count == 0
                ? $"there are no limits of {of}; add one under 'rate-limits:' and restart" : $"{of} has no such limit; it has {There()}");
        if (meant.Length > 1)
            throw new RateLimitChangeException($"{of} has several limits: {There()}; say which by its scope or its index");
        var now = meant[0].Limit;
        var wanted = new RateLimit(change.RateLimit ?? now.Rate, change.RateInitialBurst ?? now.InitialBurst, change.Pacer ?? now.Pacer);
        if (meant[0].Scope != RateScope.Response && !PacerTable.Get(wanted.Pacer).CanBeShared)
            throw new RateLimitChangeException(
                $"the {PacerTable.Get(wanted.Pacer).Name} pacer sleeps for each response by itself and can share no rate, and the limit's "
                + $"scope is {meant[0].Scope}; leave it with {PacerTable.Shareable}");
        if (direction == RateDirection.Upload && !PacerTable.Get(wanted.Pacer).CanPaceUploads)
            throw new RateLimitChangeException(
                $"the {PacerTable.Get(wanted.Pacer).Name} pacer is what Apache does to responses and cannot pace uploads; leave the limit "
                + $"with {PacerTable.ForUploads}");
        if (meant[0].Fleet is not null && wanted.InitialBurst > 0)
            throw new RateLimitChangeException(
                "a fleet shares a rate and not a burst, which each front end would give anew; leave the limit without one");
        meant[0].Limit = wanted;
        return meant[0];
    }

    private string There() =>
        string.Join(", ", Limits.Select((limit, index) => $"{index + 1} ({limit.Scope}, {Units.FormatRate(limit.Limit.Rate)})"));

    public void Dispose()
    {
        foreach (var limit in Limits) limit.Dispose();
    }
}

/// <summary>A rate limit cannot be changed as requested.</summary>
/// <param name="message">What is wrong, and what would be right.</param>
internal sealed class RateLimitChangeException(string message) : Exception(message);
