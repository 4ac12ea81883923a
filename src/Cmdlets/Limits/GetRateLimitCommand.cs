using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the rate limits in force, of responses and of uploads: first those of each route, then those for all routes.</summary>
[Cmdlet(VerbsCommon.Get, "RateLimit")]
[OutputType(typeof(RateLimitStatus))]
public sealed class GetRateLimitCommand : InstanceQueryCommand
{
    /// <summary>The path prefixes of the routes; wildcards are allowed. Default: all routes, and the limits for all routes.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>Show only limits with this scope.</summary>
    [Parameter]
    public RateLimitScope? Scope { get; set; }

    /// <summary>
    /// Show only limits of responses (Download) or of uploads. By default, routes without a limit of uploads show none.
    /// </summary>
    [Parameter]
    public RateLimitDirection? Direction { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            var chosen = Choose(
                Route, [.. status.Routes.Select(route => route.Route)], $"route of '{name}' with the path", "RouteNotFound");
            var limits = status.Routes.Where(route => chosen.Contains(route.Route))
                .SelectMany(route => route.RateLimits.Concat(route.UploadRateLimits));
            if (Route is null)
                limits = limits.Concat(status.RateLimits).Concat(status.UploadRateLimits);
            WriteObject(limits.Where(IsWanted), enumerateCollection: true);
        }
    }

    private bool IsWanted(RateLimitStatus limit) =>
        (Scope is null || limit.Scope == Scope.Value.ToRateScope().ToString())
        && (Direction is { } direction
            ? limit.Direction == direction.ToRateDirection().ToString()
            : limit.Direction == nameof(RateDirection.Download) || limit.Rate > 0);
}
