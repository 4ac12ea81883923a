using System.Collections.Concurrent;

namespace DaemonProxy.Statistics;

/// <summary>
/// The counts of a front end, by daemon group and by route. They outlive a restart: a group that comes back by its name goes on with its
/// counts.
/// </summary>
public sealed class StatisticsBook
{
    private readonly ConcurrentDictionary<string, GroupStatistics> _groups = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, TrafficCounter> _routes = new(StringComparer.Ordinal);

    /// <summary>Of all requests, those that no route matched included.</summary>
    public TrafficCounter Total { get; } = new();

    /// <summary>All groups that there have been.</summary>
    public IEnumerable<KeyValuePair<string, GroupStatistics>> Groups => _groups;

    /// <summary>All routes that there have been.</summary>
    public IEnumerable<KeyValuePair<string, TrafficCounter>> Routes => _routes;

    /// <summary>A daemon group's.</summary>
    public GroupStatistics Group(string name) => _groups.GetOrAdd(name, _ => new());

    /// <summary>A route's.</summary>
    public TrafficCounter Route(string path) => _routes.GetOrAdd(path, _ => new());
}

/// <summary>The counts of a daemon group.</summary>
public sealed class GroupStatistics
{
    /// <summary>Its requests.</summary>
    public TrafficCounter Traffic { get; } = new();

    /// <summary>How often its workers were started again.</summary>
    public RestartCounter Restarts { get; } = new();
}
