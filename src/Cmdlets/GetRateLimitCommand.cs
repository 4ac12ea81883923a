using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the rate limits in force, route by route.</summary>
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

    /// <summary>The routes' path prefixes; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            var chosen = Choose(Route, [.. status.Routes.Select(route => route.Path)], $"route of '{name}' with the path", "RouteNotFound");
            foreach (var route in status.Routes.Where(route => chosen.Contains(route.Path)))
                WriteObject(new RateLimitInfo(name, route));
        }
    }
}
