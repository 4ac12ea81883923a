using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Display;

namespace DaemonProxy.Cmdlets;

/// <summary>Changes the rate limit of routes, for responses or for uploads, while the front end serves.</summary>
[Cmdlet(VerbsCommon.Set, "RateLimit", SupportsShouldProcess = true)]
[OutputType(typeof(RateLimitStatus))]
public sealed class SetRateLimitCommand : InstanceChangeCommand
{
    /// <summary>
    /// The path prefixes of the routes; wildcards are allowed. Without it, changes a limit for all routes: one at the top of the
    /// configuration.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>Change a limit of responses (Download, the default) or of uploads.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public RateLimitDirection Direction { get; set; }

    /// <summary>Selects the limit with this scope if there are several. The scope itself does not change.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public RateLimitScope? Scope { get; set; }

    /// <summary>Selects a limit by its number, as Get-RateLimit shows it, if several have the same scope.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, int.MaxValue)]
    public int? Index { get; set; }

    /// <summary>The rate: <c>400KB</c>, <c>400KiB/s</c>, or a number of bytes per second. 0 removes the limit.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Rate]
    public long? Rate { get; set; }

    /// <summary>How many bytes of each response are sent unpaced at the start.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("RateLimitAfter")]
    [Size]
    public long? InitialBurst { get; set; }

    /// <summary>Which pacer keeps the rate.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [PacerName]
    public Pacer? Pacer { get; set; }

    /// <summary>Return the changed limits.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private readonly Dictionary<(string Fleet, string Redis), (FleetStatus Fleet, HashSet<string> Changed)> _fleets = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Rate is null && InitialBurst is null && Pacer is null)
        {
            WriteError("nothing to change was given; add -Rate, -InitialBurst or -Pacer", "NothingToChange", ErrorCategory.InvalidArgument,
                Name);
            return;
        }

        foreach (var name in Names())
        {
            if (StatusOf(name) is { } status)
                Change(name, status);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var (fleet, changed) in _fleets.Values)
        {
            if (FleetRateWarning.From(fleet, changed.Count) is { } warning)
                WriteWarning(warning);
        }
    }

    /// <summary>Notes that one front end of a fleet has a new rate. Whether all have is known at the end of the pipeline.</summary>
    private void NoteFleet(string name, InstanceStatus status, RateLimitStatus limit)
    {
        if (Rate is null || limit.SharedBy != nameof(LimitSharing.Fleet) || status.Fleet is not { } fleet)
            return;
        if (!_fleets.TryGetValue((fleet.Fleet, fleet.Redis), out var known))
            known = _fleets[(fleet.Fleet, fleet.Redis)] = (fleet, []);
        known.Changed.Add(name);
    }

    private void Change(string name, InstanceStatus status)
    {
        if (Route is null or { Length: 0 })
        {
            if (Meant(Limits(status), $"all routes of '{name}'") is { } limit)
                Change(name, status, null, limit);
            return;
        }

        foreach (var path in Choose(
            Route, [.. status.Routes.Select(route => route.Route)], $"route of '{name}' with the path", "RouteNotFound"))
        {
            if (Meant(Limits(status.Routes.First(route => route.Route == path)), $"route '{path}' of '{name}'") is { } limit)
                Change(name, status, path, limit);
        }
    }

    private void Change(string name, InstanceStatus status, string? path, RateLimitStatus limit)
    {
        var target = path is null ? $"all routes of '{name}'" : $"route '{path}' of '{name}'";
        if (!ShouldProcess(target, $"Set {(IsUpload ? "upload rate limit" : "rate limit")} ({Changes()})"))
            return;
        var change = new RateLimitChange
        {
            Route = path,
            Direction = Direction.ToRateDirection(),
            Index = limit.Index,
            RateLimit = Rate,
            RateInitialBurst = InitialBurst,
            Pacer = Pacer?.ToKind(),
        };
        if (path is null)
        {
            if (Ask(name, $"Setting a rate limit of {target}",
                (client, stop) => client.SetRateLimitOfAllAsync(change, stop)) is not { } instance)
                return;
            NoteFleet(name, status, limit);
            if (PassThru)
                WriteObject(Limits(instance)[limit.Index - 1]);
            return;
        }

        if (Ask(name, $"Setting the rate limit of {target}", (client, stop) => client.SetRateLimitAsync(change, stop)) is not { } changed)
            return;
        NoteFleet(name, status, limit);
        if (!IsUpload && status.Daemons.FirstOrDefault(daemon => daemon.Daemon == changed.Daemon) is { } daemon
            && NoDelayWarning.From(changed, daemon.FlushPolicy.FlushDelay) is { } warning)
            WriteWarning(warning);
        if (PassThru)
            WriteObject(Limits(changed)[limit.Index - 1]);
    }

    private bool IsUpload => Direction == RateLimitDirection.Upload;

    private IReadOnlyList<RateLimitStatus> Limits(RouteStatus route) => IsUpload ? route.UploadRateLimits : route.RateLimits;

    private IReadOnlyList<RateLimitStatus> Limits(InstanceStatus instance) => IsUpload ? instance.UploadRateLimits : instance.RateLimits;

    /// <summary>The selected limit; null after an error if there is no such limit, or more than one.</summary>
    private RateLimitStatus? Meant(IReadOnlyList<RateLimitStatus> limits, string of)
    {
        var meant = limits.Where(
            limit => (Index ?? limit.Index) == limit.Index && (Scope?.ToRateScope().ToString() ?? limit.Scope) == limit.Scope)
            .ToArray();
        if (meant is [var only])
            return only;
        var there = string.Join(", ", limits.Select(limit => $"{limit.Index} ({limit.Scope}, {Units.FormatRate(limit.Rate)})"));
        if (meant.Length > 1)
            WriteError($"{of} has several limits: {there}; say which with -Scope or -Index", "RateLimitAmbiguous",
                ErrorCategory.InvalidArgument, of);
        else if (limits.Count == 0)
            WriteError($"there is no {(IsUpload ? "upload limit" : "limit")} of {of}; name a route with -Route, or add one under "
                + "'rate-limits:' at the top of the configuration and restart", "RateLimitNotFound", ErrorCategory.ObjectNotFound, of);
        else
            WriteError($"{of} has no such limit; there is {there}", "RateLimitNotFound", ErrorCategory.ObjectNotFound, of);
        return null;
    }

    private string Changes() => string.Join(", ", new[]
    {
        Rate is { } rate ? (rate == 0 ? "no limit" : Units.FormatRate(rate)) : null,
        InitialBurst is { } burst ? $"initial burst {Units.FormatSize(burst)}" : null,
        Pacer is { } pacer ? $"pacer {pacer}" : null,
    }.OfType<string>());
}
