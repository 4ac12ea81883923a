using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the rate limits in force, route by route, followed by those of all routes.</summary>
[Cmdlet(VerbsCommon.Get, "RateLimit")]
[OutputType(typeof(RateLimitStatus))]
public sealed class GetRateLimitCommand : InstanceQueryCommand
{
    /// <summary>The routes' path prefixes; wildcards are allowed. Without it, all, and the limits of all routes.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>Only limits of this scope.</summary>
    [Parameter]
    public RateLimitScope? Scope { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            var chosen = Choose(
                Route, [.. status.Routes.Select(route => route.Route)], $"route of '{name}' with the path", "RouteNotFound");
            var limits = status.Routes.Where(route => chosen.Contains(route.Route)).SelectMany(route => route.RateLimits);
            if (Route is null)
                limits = limits.Concat(status.RateLimits);
            WriteObject(limits.Where(limit => Scope is null || limit.Scope == Scope.Value.ToRateScope()), enumerateCollection: true);
        }
    }
}
