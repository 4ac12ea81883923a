using DaemonProxy.Control;
using DaemonProxy.Statistics;

namespace DaemonProxy.Display;

/// <summary>What a front end did between two looks at it, by second.</summary>
public sealed class ActivityRates
{
    private readonly InstanceActivity? _before;
    private readonly double _seconds;

    private ActivityRates(InstanceActivity? before, InstanceActivity now)
    {
        // One that was started anew counts from 0.
        _before = before is { } && before.Status.ProcessId == now.Status.ProcessId && before.Status.StartTime == now.Status.StartTime && now.Time > before.Time ? before : null;
        _seconds = _before is null ? 0 : (now.Time - _before.Time).TotalSeconds;
        Now = now;
    }

    /// <summary>The later look.</summary>
    public InstanceActivity Now { get; }

    /// <summary>How far the looks are apart; zero at the first.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(_seconds);

    /// <summary>Requests finished, a second.</summary>
    public double Requests => Rate(_before?.Status.Traffic.Requests, Now.Status.Traffic.Requests);

    /// <summary>Bytes of response bodies sent, also of those that are not at their end, a second.</summary>
    public double Bytes => Rate(_before is null ? null : Sent(_before), Sent(Now));

    /// <summary>Compares two looks.</summary>
    /// <param name="before">The earlier; null: there was none.</param>
    /// <param name="now">The later.</param>
    public static ActivityRates Between(InstanceActivity? before, InstanceActivity now) => new(before, now);

    /// <summary>Requests of a daemon group finished, a second.</summary>
    public double RequestsOf(DaemonStatus daemon) => Rate(Before(daemon)?.Traffic.Requests, daemon.Traffic.Requests);

    /// <summary>Requests of a route finished, a second.</summary>
    public double RequestsOf(RouteStatus route) => Rate(Before(route)?.Traffic.Requests, route.Traffic.Requests);

    /// <summary>Bytes of a daemon group's responses sent, a second.</summary>
    public double BytesOf(DaemonStatus daemon) => Rate(
        Before(daemon) is { } before ? before.Traffic.Bytes + InFlight(_before!, route => route.Daemon == daemon.Name) : null,
        daemon.Traffic.Bytes + InFlight(Now, route => route.Daemon == daemon.Name));

    /// <summary>Bytes of a route's responses sent, a second.</summary>
    public double BytesOf(RouteStatus route) => Rate(
        Before(route) is { } before ? before.Traffic.Bytes + InFlight(_before!, other => other.Path == route.Path) : null,
        route.Traffic.Bytes + InFlight(Now, other => other.Path == route.Path));

    /// <summary>Bytes of a response sent, a second; over its whole life where it was not there at the earlier look.</summary>
    public double BytesOf(ActiveResponse response)
    {
        if (_before?.Responses.Oldest.FirstOrDefault(other => other.Id == response.Id) is { } before)
            return Rate(before.Bytes, response.Bytes);
        return response.Elapsed > TimeSpan.Zero ? response.Bytes / response.Elapsed.TotalSeconds : 0;
    }

    /// <summary>Flushes of a daemon group, a second: all, or those of one reason.</summary>
    public double FlushesOf(DaemonStatus daemon, Func<FlushCounts, long> count) =>
        Rate(Before(daemon) is { } before ? count(before.Traffic.Flushes) : null, count(daemon.Traffic.Flushes));

    private static long Sent(InstanceActivity activity) => activity.Status.Traffic.Bytes + activity.Responses.Bytes;

    private static long InFlight(InstanceActivity activity, Func<RouteStatus, bool> counts) =>
        activity.Status.Routes.Where(counts).Sum(route => activity.Responses.ByRoute.TryGetValue(route.Path, out var active) ? active.Bytes : 0);

    private DaemonStatus? Before(DaemonStatus daemon) => _before?.Status.Daemons.FirstOrDefault(other => other.Name == daemon.Name);

    private RouteStatus? Before(RouteStatus route) => _before?.Status.Routes.FirstOrDefault(other => other.Path == route.Path);

    // A response that has just ended may be in neither count for a moment.
    private double Rate(long? before, long now) => before is null || _seconds == 0 ? 0 : Math.Max(0, now - before.Value) / _seconds;
}
