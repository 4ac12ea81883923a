using System.Collections.Specialized;
using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows what front ends have served since their start: as a whole, by daemon group, by route.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxyStatistics")]
[OutputType(typeof(StatisticsInfo))]
public sealed class GetDaemonProxyStatisticsCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Only these daemon groups; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <summary>Only these routes, by their path prefixes; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var all = Daemon is null && Route is null;
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            if (all)
                WriteObject(new StatisticsInfo(name, StatisticsScope.FrontEnd, null, status.Traffic) { ActiveRequests = status.ActiveRequests });
            if (all || Daemon is not null)
                WriteObject(Daemons(name, status), enumerateCollection: true);
            if (all || Route is not null)
                WriteObject(Routes(name, status), enumerateCollection: true);
        }
    }

    private IEnumerable<StatisticsInfo> Daemons(string name, InstanceStatus status)
    {
        var chosen = Choose(Daemon, [.. status.Daemons.Select(daemon => daemon.Name)], $"daemon group of '{name}' named", "DaemonNotFound");
        return status.Daemons.Where(daemon => chosen.Contains(daemon.Name)).Select(daemon => new StatisticsInfo(name, StatisticsScope.Daemon, daemon.Name, daemon.Traffic)
        {
            ActiveRequests = daemon.ActiveRequests,
            WaitingRequests = daemon.WaitingRequests,
            Restarts = daemon.Restarts,
            RestartsByReason = ByReason(daemon),
        });
    }

    private static OrderedDictionary ByReason(DaemonStatus daemon)
    {
        var counts = new OrderedDictionary();
        foreach (var (reason, count) in daemon.RestartsByReason.OrderByDescending(reason => reason.Value))
            counts.Add(reason, count);
        return counts;
    }

    private IEnumerable<StatisticsInfo> Routes(string name, InstanceStatus status)
    {
        var chosen = Choose(Route, [.. status.Routes.Select(route => route.Path)], $"route of '{name}' with the path", "RouteNotFound");
        return status.Routes.Where(route => chosen.Contains(route.Path)).Select(route => new StatisticsInfo(name, StatisticsScope.Route, route.Path, route.Traffic));
    }
}
