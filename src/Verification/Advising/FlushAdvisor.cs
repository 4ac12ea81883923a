using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;

namespace DaemonProxy.Verification.Advising;

/// <summary>
/// Advises on the flush delay of a daemon group: draws an application from the histograms of how the group has written, and relays it with
/// the front end's own relay, pacing filter and core output in virtual time, once for each delay. There is no second copy of a rule.
/// <code>
///   WritingStatus --WritingTrace--> TracedApplication -> ResponseRelay -> RateLimitFilter -> CoreOutput -> CountingClient
/// </code>
/// </summary>
public static class FlushAdvisor
{
    /// <summary>Fewer dry spells than this are no basis for advice.</summary>
    public const long FewestSpells = 200;

    /// <summary>A response without a dry spell counts when there are hardly any with one: for each of them, this many without.</summary>
    private const int UndividedForEachSpell = 20;

    private const int MostBursts = 8_000;
    private const int FewestBursts = 8;
    private const int UsualBursts = 2_000;

    // Fewer writes than this part are no evidence of how much an application writes at once.
    private const double LeastSeen = 0.05;

    // Of less than this part of the time, the pace cannot be told.
    private const double LeastGathered = 0.2;

    // A paced trace has to last for so many of its writes that one more or less does not count.
    private const int PacedWrites = 60;
    private const long LeastTrace = 8 << 20;
    private const long LargestTrace = 512 << 20;

    // The same without a limit, where only the number of reads counts.
    private const long LargestUnpacedTrace = 16L << 30;

    // What an application writes at once beyond this hardly changes a figure, but the work would have no bound.
    private const long LargestBurst = LargestTrace / FewestBursts;
    private const int MostWritesOfBurst = 100;

    // A write of a slower limit is less than 1% of what the daemon's socket holds: no flush costs it a hundredth, and every delay gets all
    // of it, as of this one.
    private const long SlowestRate = 10_240;

    /// <summary>The delays that are compared; the last is <c>auto</c>.</summary>
    public static IReadOnlyList<TimeSpan> Delays { get; } =
        [.. new[] { 0, 0.5, 1, 2, 5, 10, 20, 50 }.Select(TimeSpan.FromMilliseconds), FlushPolicy.Auto];

    /// <summary>Advises on a group of a running front end.</summary>
    /// <param name="instance">The front end.</param>
    /// <param name="daemon">The group's name.</param>
    /// <param name="earlier">Its counts at an earlier time, so that only what has been written since counts; null: all since the
    /// start.</param>
    /// <exception cref="ArgumentException">There is no such group.</exception>
    public static FlushAdvice Advise(InstanceStatus instance, string daemon, TrafficStatus? earlier = null)
    {
        var group = instance.Daemons.FirstOrDefault(one => one.Daemon == daemon)
            ?? throw new ArgumentException($"'{instance.Name}' has no daemon group '{daemon}'.", nameof(daemon));
        var (route, limit) = instance.Routes.Where(route => route.Daemon == daemon).OrderByDescending(route => route.Traffic.Bytes)
            .Select(route => (route.Route, Limit: LimitWaitedFor(instance, route))).FirstOrDefault(limited => limited.Limit is not null);
        var writing = earlier is null ? group.Traffic.Writing : group.Traffic.Writing.Since(earlier.Writing);
        var isFramed = instance.Uris.Count > 0 && instance.Uris.All(uri => uri.Scheme == Uri.UriSchemeHttps);
        return Advise(group.FlushPolicy, writing, route, limit, isFramed);
    }

    /// <summary>A route's limit that waits for full writes; null: it has none.</summary>
    internal static RateLimit? LimitWaitedFor(InstanceStatus instance, RouteStatus route) =>
        route.RateLimits.Concat(instance.RateLimits).Where(limit => limit.Rate > 0)
            .Select(limit => new RateLimit(limit.Rate, 0, PacerTable.Get(limit.Pacer).Kind))
            .FirstOrDefault(limit => PacerTable.Get(limit.Pacer).HoldsForFullWrites);

    /// <summary>Advises on a group.</summary>
    /// <param name="policy">The flush policy in force; deadline and buffer size stay as they are.</param>
    /// <param name="writing">How its application writes.</param>
    /// <param name="limitedRoute">The route with the rate limit, for people; null: there is none.</param>
    /// <param name="limit">A limit that waits for full writes; null: there is none.</param>
    /// <param name="isFramed">Whether each write to a client is a TLS record or an HTTP/2 frame.</param>
    public static FlushAdvice Advise(
        FlushPolicyStatus policy, WritingStatus writing, string? limitedRoute, RateLimit? limit, bool isFramed = false) =>
        Advise(policy, writing, limitedRoute, limit, Delays, isFramed);

    internal static FlushAdvice Advise(
        FlushPolicyStatus policy, WritingStatus writing, string? limitedRoute, RateLimit? limit, IReadOnlyList<TimeSpan> delays,
        bool isFramed = false)
    {
        var rate = limit?.Rate ?? 0;
        var stalls = writing.Stalls.Sum(bucket => bucket.Count);
        var pauses = writing.Pauses.Sum(bucket => bucket.Count);
        var spells = stalls + pauses;
        var advice = new FlushAdvice
        {
            Name = policy.Name,
            Daemon = policy.Daemon,
            FlushPolicy = policy,
            Stalls = stalls,
            Pauses = pauses,
            Undivided = writing.Undivided,
            LimitedRoute = rate > 0 ? limitedRoute : null,
            RateLimit = rate,
            Writing = writing,
            Reason = "",
        };
        if (writing.Undivided >= FewestSpells && spells * UndividedForEachSpell < writing.Undivided)
            return advice with { Reason = "Any delay does: the responses came without a dry spell." };
        var rows = spells >= FewestSpells ? Rows(policy, writing, stalls, pauses, limit, delays, isFramed) : [];
        if (rows.Count == 0)
        {
            var missing = Math.Max(1, FewestSpells - spells);
            return advice with
            {
                Missing = missing,
                Reason = $"Too little data: {spells} dry spells, and {missing} more are needed; ask again after more requests.",
            };
        }

        var (best, reason) = FlushRecommendation.Choose(rows, writing, rate);
        return advice with
        {
            // An array, because PowerShell finds no item in what the compiler would make of a list.
            Rows = rows.Select(row => row with { IsRecommended = row.Delay == best }).ToArray(),
            RecommendedDelay = best,
            Differs = best != policy.ConfiguredDelay,
            Reason = reason,
        };
    }

    private static List<FlushAdviceRow> Rows(
        FlushPolicyStatus policy, WritingStatus writing, long stalls, long pauses, RateLimit? limit, IReadOnlyList<TimeSpan> delays,
        bool isFramed)
    {
        limit = limit is null ? null : limit with { Rate = RelayedRate(limit.Rate) };
        var rate = limit?.Rate ?? 0;
        var transfer = Trace(DrySpellKind.Stall, writing, rate);
        var idle = Trace(DrySpellKind.Pause, writing, rate);
        if (transfer.Length + idle.Length == 0)
            return [];
        var inForce = policy.ConfiguredDelay;
        return [.. delays.Append(inForce).Distinct().OrderBy(delay => delay == FlushPolicy.Auto ? TimeSpan.MaxValue : delay).Select(delay =>
        {
            var time = new VirtualTime();
            var relay = new ResponseRelay(
                new LiveFlushPolicy(new FlushPolicy(delay, policy.BufferSize, policy.FlushDeadline)), time, time.Turns);
            var parts = new List<(RelayedTrace Relayed, double Weight)>();
            if (transfer.Length > 0)
                parts.Add((RelayedTrace.Relay(transfer, relay, limit, isFramed, time), (double)stalls / transfer.Length));
            if (idle.Length > 0)
                parts.Add((RelayedTrace.Relay(idle, relay, limit, isFramed, time), (double)pauses / idle.Length));
            return Row(delay, parts, transfer.Length > 0 ? parts[0].Relayed : null, rate) with { IsInForce = delay == inForce };
        })];
    }

    /// <summary>The rate with which a limit is tried, bytes/s; 0: no limit.</summary>
    internal static long RelayedRate(long rate) => rate > 0 ? Math.Max(rate, SlowestRate) : 0;

    /// <summary>What an application might write, of a size that takes a bounded time to relay.</summary>
    internal static Burst[] Trace(DrySpellKind kind, WritingStatus writing, long rate)
    {
        var (spells, time, sizes, total) = kind == DrySpellKind.Stall
            ? (writing.Stalls, writing.StallTime, writing.BytesBeforeStalls, writing.StallBytes)
            : (writing.Pauses, writing.PauseTime, writing.BytesBeforePauses, writing.PauseBytes);
        var count = spells.Sum(bucket => bucket.Count);
        if (count == 0)
            return [];
        var known = sizes.Sum(bucket => bucket.Count);
        if (known < LeastSeen * count && writing.BytesGathered.Count > 0)
            (sizes, known, total) = (writing.BytesGathered, writing.BytesGathered.Sum(bucket => bucket.Count), 0);
        // A response may be counted while the counts are read: nothing can be drawn from spells whose sizes are not among them yet.
        if (known == 0)
            return [];
        var meanSilence = time.TotalSeconds / count;
        var mean = Pace(kind, writing) is { } pace ? pace * meanSilence : (double)total / known;
        var write = rate / 5;
        var largest = rate > 0 ? Math.Min(LargestBurst / MostWritesOfBurst, write) * MostWritesOfBurst : LargestBurst;
        var usual = Math.Clamp(mean > 0 ? mean : sizes.Sum(bucket => (double)bucket.Bound * bucket.Count) / known, 1, largest);
        var bursts = rate > 0
            ? Math.Clamp(Math.Clamp((double)PacedWrites * write, LeastTrace, LargestTrace) / usual, FewestBursts, MostBursts)
            : Math.Clamp(LargestUnpacedTrace / usual, FewestBursts, UsualBursts);
        return WritingTrace.Draw(spells, sizes, meanSilence, mean, largest, (int)bursts);
    }

    /// <summary>
    /// How fast an application writes that a limit does not hold up, bytes/s: what came while the relay waited for its output. It is
    /// needed because the dry spells that the relay sees between its waits are more often the long ones. Null: it hardly waited, or the
    /// application did.
    /// </summary>
    private static double? Pace(DrySpellKind kind, WritingStatus writing)
    {
        var seen = writing.StallTime + writing.PauseTime;
        var isOfKind = (kind == DrySpellKind.Stall) == (writing.StallTime >= writing.PauseTime);
        return isOfKind && writing.FreelyGatheredTime > LeastGathered * (writing.FreelyGatheredTime + seen)
            ? writing.FreelyGathered / writing.FreelyGatheredTime.TotalSeconds : null;
    }

    private static FlushAdviceRow Row(
        TimeSpan delay, List<(RelayedTrace Relayed, double Weight)> parts, RelayedTrace? transfer, long rate)
    {
        double Sum(Func<RelayedTrace, double> value) => parts.Sum(part => value(part.Relayed) * part.Weight);
        var held = parts.SelectMany(part => part.Relayed.Held.Select(time => (time, part.Weight))).OrderBy(one => one.time).ToList();
        return new FlushAdviceRow
        {
            Delay = delay,
            Bridged = transfer is null ? null : transfer.Spells == 0 ? 1 : 1 - ((double)transfer.Unbridged / transfer.Spells),
            FlushesPerSecond = Sum(relayed => relayed.Flushes) / Math.Max(1e-6, Sum(relayed => relayed.Duration.TotalSeconds)),
            HeldP50 = Percentile(held, 0.5),
            HeldP99 = Percentile(held, 0.99),
            WritesPerMebibyte = Sum(relayed => relayed.Writes) / Sum(relayed => relayed.Bytes) * (1 << 20),
            RateShare = rate > 0 && transfer is not null ? transfer.Rate / rate : null,
        };
    }

    private static TimeSpan? Percentile(List<(TimeSpan Time, double Weight)> sorted, double part)
    {
        var left = sorted.Sum(one => one.Weight) * part;
        foreach (var (time, weight) in sorted)
        {
            left -= weight;
            if (left <= 0)
                return time;
        }

        return sorted.Count == 0 ? null : sorted[^1].Time;
    }
}
