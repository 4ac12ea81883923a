using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Changes the rate limit of routes while they serve.</summary>
[Cmdlet(VerbsCommon.Set, "RateLimit", SupportsShouldProcess = true)]
[OutputType(typeof(RateLimitInfo))]
public sealed class SetRateLimitCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, the only one that runs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>The routes' path prefixes; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[] Route { get; set; } = [];

    /// <summary>The rate: <c>400KB</c>, <c>400KiB/s</c>, or a number of bytes a second. 0 lifts the limit.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Rate]
    public long? Rate { get; set; }

    /// <summary>Bytes that leave unpaced at the start of each response.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Size]
    public long? InitialBurst { get; set; }

    /// <summary>Which pacer keeps the rate.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [PacerName]
    public Pacer? Pacer { get; set; }

    /// <summary>Return the limits as they are now.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Rate is null && InitialBurst is null && Pacer is null)
        {
            WriteError("nothing to change was given; add -Rate, -InitialBurst or -Pacer", "NothingToChange", ErrorCategory.InvalidArgument, Name);
            return;
        }

        foreach (var name in NamesOrOnly(Name))
        {
            if (StatusOf(name) is { } status)
                Change(name, status);
        }
    }

    private void Change(string name, InstanceStatus status)
    {
        foreach (var route in Choose(Route, [.. status.Routes.Select(route => route.Path)], $"route of '{name}' with the path", "RouteNotFound"))
        {
            if (!ShouldProcess($"route '{route}' of '{name}'", $"Set rate limit ({Changes()})"))
                continue;
            var change = new RateLimitChange { Route = route, RateLimit = Rate, RateInitialBurst = InitialBurst, Pacer = Pacer?.ToKind() };
            var changed = Ask(name, $"Setting the rate limit of '{route}'", (client, stop) => client.SetRateLimitAsync(change, stop));
            if (changed is null)
                continue;
            if (status.Daemons.FirstOrDefault(daemon => daemon.Name == changed.Daemon) is { } daemon && NoDelayWarning.For(changed, daemon.FlushDelay) is { } warning)
                WriteWarning(warning);
            if (PassThru)
                WriteObject(new RateLimitInfo(name, changed));
        }
    }

    private string Changes() => string.Join(", ", new[]
    {
        Rate is { } rate ? (rate == 0 ? "no limit" : Units.FormatRate(rate)) : null,
        InitialBurst is { } burst ? $"initial burst {Units.FormatSize(burst)}" : null,
        Pacer is { } pacer ? $"pacer {pacer}" : null,
    }.OfType<string>());
}
