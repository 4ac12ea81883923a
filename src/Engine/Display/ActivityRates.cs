using DaemonProxy.Control;
using DaemonProxy.Statistics;

namespace DaemonProxy.Display;

/// <summary>A front end's activity: its counts at one moment, and its rates since the previous one.</summary>
public sealed class ActivityRates
{
    private readonly double _seconds;

    private ActivityRates(InstanceActivity? before, InstanceActivity now)
    {
        // A front end that was restarted counts from 0.
        if (before?.Status.ProcessId != now.Status.ProcessId || before.Status.StartTime != now.Status.StartTime || now.Time <= before.Time)
            before = null;
        _seconds = before is null ? 0 : (now.Time - before.Time).TotalSeconds;
        Status = now.Status;
        Time = now.Time.LocalDateTime;
        ActiveRequests = now.Responses.Count;
        RequestRate = Rate(before?.Status.Traffic.Requests, Status.Traffic.Requests);
        ByteRate = Rate(
            before is null ? null : before.Status.Traffic.Bytes + before.Responses.Bytes, Status.Traffic.Bytes + now.Responses.Bytes);
        Daemons =
        [
            .. Status.Daemons.Select(
            daemon => Part(daemon.Traffic, before?.Status.Daemons.FirstOrDefault(other => other.Daemon == daemon.Daemon)?.Traffic,
                before, now, route => route.Daemon == daemon.Daemon) with { ActiveRequests = daemon.ActiveRequests }),
        ];
        Routes =
        [
            .. Status.Routes.Select(
            route => Part(route.Traffic, before?.Status.Routes.FirstOrDefault(other => other.Route == route.Route)?.Traffic,
                before, now, other => other.Route == route.Route)),
        ];
        Responses =
        [
            .. now.Responses.Oldest.Select(response => response with
            {
                ByteRate = before?.Responses.Oldest.FirstOrDefault(other => other.Id == response.Id) is { } earlier
                    ? Rate(earlier.Bytes, response.Bytes)
                    : response.Elapsed > TimeSpan.Zero ? response.Bytes / response.Elapsed.TotalSeconds : 0,
            }),
        ];
    }

    /// <summary>The front end's name.</summary>
    public string Name => Status.Name;

    /// <summary>When the snapshot was taken, in local time.</summary>
    public DateTime Time { get; }

    /// <summary>The period that the rates cover; zero for the first snapshot, which has no rates.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(_seconds);

    /// <summary>Requests being served.</summary>
    public int ActiveRequests { get; }

    /// <summary>Requests waiting for a worker.</summary>
    public long WaitingRequests => Status.Daemons.Sum(daemon => daemon.WaitingRequests);

    /// <summary>Requests finished per second.</summary>
    public double RequestRate { get; }

    /// <summary>Bytes of response bodies sent per second, including those of responses in flight.</summary>
    public double ByteRate { get; }

    /// <summary>Flushes per second.</summary>
    public double FlushRate =>
        Daemons.Sum(daemon => daemon.IdleFlushRate + daemon.DeadlineFlushRate + daemon.GuardFlushRate + daemon.EndFlushRate);

    /// <summary>The same for each daemon group.</summary>
    public IReadOnlyList<PartRates> Daemons { get; }

    /// <summary>The same for each route.</summary>
    public IReadOnlyList<PartRates> Routes { get; }

    /// <summary>The responses in flight, at most the oldest 200. The rate of a new response covers its whole life.</summary>
    public IReadOnlyList<ActiveResponse> Responses { get; }

    /// <summary>The front end's status.</summary>
    public InstanceStatus Status { get; }

    /// <summary>Compares two snapshots.</summary>
    /// <param name="before">The earlier snapshot; null: none.</param>
    /// <param name="now">The later snapshot.</param>
    public static ActivityRates Between(InstanceActivity? before, InstanceActivity now) => new(before, now);

    private PartRates Part(
        TrafficStatus traffic, TrafficStatus? earlier, InstanceActivity? before, InstanceActivity now, Func<RouteStatus, bool> isOfPart) =>
        new(traffic.Target ?? "")
        {
            ActiveRequests = Active(now, isOfPart).Sum(active => active.Count),
            RequestRate = Rate(earlier?.Requests, traffic.Requests),
            ByteRate = Rate(
            earlier?.Bytes + Active(before, isOfPart).Sum(active => active.Bytes), traffic.Bytes + Active(now, isOfPart)
            .Sum(active => active.Bytes)),
            IdleFlushRate = Rate(earlier?.IdleFlushes, traffic.IdleFlushes),
            DeadlineFlushRate = Rate(earlier?.DeadlineFlushes, traffic.DeadlineFlushes),
            GuardFlushRate = Rate(earlier?.GuardFlushes, traffic.GuardFlushes),
            EndFlushRate = Rate(earlier?.EndFlushes, traffic.EndFlushes),
        };

    private static IEnumerable<ActiveRoute> Active(InstanceActivity? activity, Func<RouteStatus, bool> isOfPart) =>
        activity?.Status.Routes.Where(isOfPart).Select(route => activity.Responses.ByRoute.GetValueOrDefault(route.Route))
            .OfType<ActiveRoute>() ?? [];

    // A response that has just ended may be missing from both counts for a moment.
    private double Rate(long? before, long now) => before is null || _seconds == 0 ? 0 : Math.Max(0, now - before.Value) / _seconds;
}

/// <summary>The activity of a daemon group or a route.</summary>
/// <param name="Target">The group's name or the route's path.</param>
public sealed record PartRates(string Target)
{
    /// <summary>Requests being served.</summary>
    public long ActiveRequests { get; init; }

    /// <summary>Requests finished per second.</summary>
    public double RequestRate { get; init; }

    /// <summary>Bytes of response bodies sent per second.</summary>
    public double ByteRate { get; init; }

    /// <summary>Flushes per second because the application stayed silent for the flush delay.</summary>
    public double IdleFlushRate { get; init; }

    /// <summary>Flushes per second because bytes had waited for the flush deadline.</summary>
    public double DeadlineFlushRate { get; init; }

    /// <summary>Flushes per second because the chain held more than the buffer size.</summary>
    public double GuardFlushRate { get; init; }

    /// <summary>Flushes per second because a response ended.</summary>
    public double EndFlushRate { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Target;
}
