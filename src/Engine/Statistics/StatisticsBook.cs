using System.Collections.Concurrent;

namespace DaemonProxy.Statistics;

/// <summary>
/// The counts of a front end, by daemon group and by route. They survive a restart: what the new configuration has under the same name
/// continues its counts.
/// </summary>
public sealed class StatisticsBook
{
    private readonly ConcurrentDictionary<string, GroupStatistics> _groups = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, TrafficCounter> _routes = new(StringComparer.Ordinal);

    /// <summary>The counts of all requests, including those that no route matched.</summary>
    public TrafficCounter Total { get; } = new();

    /// <summary>All groups that have been asked for and not been left out since.</summary>
    public IEnumerable<KeyValuePair<string, GroupStatistics>> Groups => _groups;

    /// <summary>All routes that have been asked for and not been left out since.</summary>
    public IEnumerable<KeyValuePair<string, TrafficCounter>> Routes => _routes;

    /// <summary>The counts of a daemon group.</summary>
    public GroupStatistics Group(string name) => _groups.GetOrAdd(name, _ => new());

    /// <summary>The counts of a route.</summary>
    public TrafficCounter Route(string path) => _routes.GetOrAdd(path, _ => new());

    /// <summary>
    /// Leaves out what a configuration does not have any more; if a later one has it again, its counts begin at 0. A request of it that is
    /// still in flight is counted in <see cref="Total"/> only.
    /// </summary>
    /// <param name="groups">The names of the groups that remain.</param>
    /// <param name="routes">The paths of the routes that remain.</param>
    public void KeepOnly(IEnumerable<string> groups, IEnumerable<string> routes)
    {
        KeepOnly(_groups, groups.ToHashSet(_groups.Comparer));
        KeepOnly(_routes, routes.ToHashSet(_routes.Comparer));
    }

    private static void KeepOnly<T>(ConcurrentDictionary<string, T> counts, HashSet<string> names)
    {
        foreach (var (name, _) in counts)
        {
            if (!names.Contains(name)) counts.TryRemove(name, out _);
        }
    }
}

/// <summary>The counts of a daemon group.</summary>
public sealed class GroupStatistics
{
    /// <summary>The group's requests.</summary>
    public TrafficCounter Traffic { get; } = new();

    /// <summary>The restarts of its workers.</summary>
    public RestartCounter Restarts { get; } = new();
}
