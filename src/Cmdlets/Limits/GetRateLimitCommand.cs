using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the rate limits in force, route by route, and behind them those of all routes.</summary>
[Cmdlet(VerbsCommon.Get, "RateLimit")]
[OutputType(typeof(RateLimitInfo))]
public sealed class GetRateLimitCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

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
            var chosen = Choose(Route, [.. status.Routes.Select(route => route.Path)], $"route of '{name}' with the path", "RouteNotFound");
            var limits = status.Routes.Where(route => chosen.Contains(route.Path)).SelectMany(route => RateLimitInfo.Of(name, route));
            if (Route is null)
                limits = limits.Concat(status.RateLimits.Select(limit => new RateLimitInfo(name, null, limit)));
            WriteObject(limits.Where(limit => Scope is null || limit.Scope == Scope), enumerateCollection: true);
        }
    }
}
