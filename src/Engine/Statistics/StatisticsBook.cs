using System.Collections.Concurrent;

namespace DaemonProxy.Statistics;

/// <summary>
/// The counts of a front end, by daemon group and by route. They survive a restart: a group that returns under the same name continues its
/// counts.
/// </summary>
public sealed class StatisticsBook
{
    private readonly ConcurrentDictionary<string, GroupStatistics> _groups = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, TrafficCounter> _routes = new(StringComparer.Ordinal);

    /// <summary>The counts of all requests, including those that no route matched.</summary>
    public TrafficCounter Total { get; } = new();

    /// <summary>All groups that have ever existed.</summary>
    public IEnumerable<KeyValuePair<string, GroupStatistics>> Groups => _groups;

    /// <summary>All routes that have ever existed.</summary>
    public IEnumerable<KeyValuePair<string, TrafficCounter>> Routes => _routes;

    /// <summary>The counts of a daemon group.</summary>
    public GroupStatistics Group(string name) => _groups.GetOrAdd(name, _ => new());

    /// <summary>The counts of a route.</summary>
    public TrafficCounter Route(string path) => _routes.GetOrAdd(path, _ => new());
}

/// <summary>The counts of a daemon group.</summary>
public sealed class GroupStatistics
{
    /// <summary>The group's requests.</summary>
    public TrafficCounter Traffic { get; } = new();

    /// <summary>The restarts of its workers.</summary>
    public RestartCounter Restarts { get; } = new();
}
