using System.Management.Automation;
using DaemonProxy.Statistics;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows what front ends have served since they started: in total, by daemon group, and by route.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxyStatistics")]
[OutputType(typeof(TrafficStatus))]
public sealed class GetDaemonProxyStatisticsCommand : InstanceQueryCommand
{
    /// <summary>Show only these daemon groups; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <summary>Show only the routes with these path prefixes; wildcards are allowed.</summary>
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
                WriteObject(status.Traffic);
            if (all || Daemon is not null)
            {
                var chosen = Choose(
                    Daemon, [.. status.Daemons.Select(daemon => daemon.Daemon)], $"daemon group of '{name}' named", "DaemonNotFound");
                WriteObject(status.Daemons.Where(daemon => chosen.Contains(daemon.Daemon)).Select(daemon => daemon.Traffic),
                    enumerateCollection: true);
            }
            if (all || Route is not null)
            {
                var chosen = Choose(
                    Route, [.. status.Routes.Select(route => route.Route)], $"route of '{name}' with the path", "RouteNotFound");
                WriteObject(status.Routes.Where(route => chosen.Contains(route.Route)).Select(route => route.Traffic),
                    enumerateCollection: true);
            }
        }
    }
}
