using System.Collections;
using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Measures how long an application's output waits on its way to the client, from timestamps in the data, or from gaps if there are none.
/// With <c>-Uri</c>, measures any HTTP server. Without parameters, compares the default policy with the original's rules, on a front end of
/// its own. With <c>-Name</c>, measures the routes of a running front end that have no rate limit and lead to the sample application. With
/// <c>-Sweep</c>, tries each flush delay on a response of a running front end, and compares with what <c>Get-FlushAdvice</c> predicts.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "FlushPolicy", DefaultParameterSetName = FrontEndSet, SupportsShouldProcess = true)]
[OutputType("DaemonProxy.Verification.Verifying.FlushResult", ParameterSetName = [FrontEndSet])]
[OutputType("DaemonProxy.Verification.Verifying.ServerFlushResult", ParameterSetName = [ServerSet])]
[OutputType("DaemonProxy.Verification.Verifying.FlushSweepResult", ParameterSetName = [SweepSet])]
public sealed class TestFlushPolicyCommand : VerificationCommand
{
    private const string FrontEndSet = "FrontEnd";
    private const string ServerSet = "Server";
    private const string SweepSet = "Sweep";

    /// <summary>
    /// The address of a response that drips, such as a stream of server-sent events, http or https, on any server. Several addresses are
    /// measured one after the other.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [ValidateNotNullOrEmpty]
    public Uri[] Uri { get; set; } = [];

    /// <summary>
    /// Try each flush delay of <c>Get-FlushAdvice</c> for -Duration on the response at -Path, and compare with the prediction. The policy
    /// in force is restored at the end, also after Ctrl+C.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = SweepSet)]
    public SwitchParameter Sweep { get; set; }

    /// <summary>What to request from the front end with -Sweep: path and query, such as <c>/export.csv</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SweepSet)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Running front ends; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = FrontEndSet)]
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = SweepSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Measure only these routes of the front end.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = FrontEndSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>
    /// Measure only the routes of these daemon groups; wildcards are allowed. Pipe in the output of <c>Set-FlushPolicy -PassThru</c> to
    /// measure only the groups it returns. With -Sweep, the group that serves the path.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = FrontEndSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = SweepSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <summary>The sample application answers below the address; request its drips and silences.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    public SwitchParameter Sample { get; set; }

    /// <summary>How long to listen to a drip, or to try each delay. Default 10 s, or 5 s with -Sweep.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SweepSet)]
    [Duration(InSeconds = true)]
    public TimeSpan? Duration { get; set; }

    /// <summary>The time between two writes, for a drip without timestamps: <c>50ms</c>. Default: the observed mean.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Duration]
    public TimeSpan? Every { get; set; }

    /// <summary>The highest 99th percentile allowed: <c>10ms</c>. Default: none, so that any result passes.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Duration]
    public TimeSpan? Limit { get; set; }

    /// <summary>Header fields to send: a hashtable, or strings such as <c>'Authorization: Bearer TOKEN'</c>.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Header]
    public IDictionary? Header { get; set; }

    /// <summary>Accept any certificate.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ServerSet)
        {
            foreach (var uri in Uri)
                MeasureServer(uri);
            return;
        }

        if (Sweep)
        {
            foreach (var name in TargetsOf(Name))
            {
                if ((name ?? NameOfOne(null)) is { } known)
                    TryDelays(known);
            }

            return;
        }

        if (Name is null && (Daemon ?? Route) is not null)
        {
            if (NameOfOne(null) is { } only)
                MeasureFrontEnd(only);
            return;
        }

        foreach (var name in TargetsOf(Name))
            MeasureFrontEnd(name);
    }

    private void TryDelays(string name)
    {
        if (Daemon is { Length: > 1 } || Daemon?.Any(WildcardPattern.ContainsWildcardCharacters) == true)
        {
            WriteError($"one path is served by one daemon group, and -Daemon names '{string.Join(", ", Daemon)}'; give its name, or none",
                "CannotVerify", ErrorCategory.InvalidArgument, name);
            return;
        }

        if (ShouldProcess($"the daemon group of '{name}' that serves '{Path}'", "Set each flush delay in turn, and restore the policy"))
            Verify("Trying flush delays", name, (progress, stop) => FlushSweep.RunAsync(
                new FlushSweepOptions
                {
                    Name = name,
                    Daemon = Daemon?[0],
                    Path = Path,
                    Duration = Duration ?? TimeSpan.FromSeconds(5),
                }, progress, stop));
    }

    private void MeasureFrontEnd(string? name)
    {
        if (RoutesOf(name) is { } routes)
        {
            Verify("Measuring delivery latency", name, (progress, stop) => FlushVerification.RunAsync(
                new FlushVerificationOptions
                {
                    HostPath = name is null ? HostProgram.Find(HostFolder) : null,
                    Name = name,
                    Routes = routes
                }, progress, stop));
        }
    }

    /// <summary>The routes to measure; empty for all that can be measured; null after an error.</summary>
    private IReadOnlyList<string>? RoutesOf(string? name)
    {
        if (name is null || Daemon is null)
            return Route ?? [];
        if (StatusOf(name) is not { } status)
            return null;
        var daemons = Choose(
            Daemon, [.. status.Daemons.Select(daemon => daemon.Daemon)], $"daemon group of '{name}' named", "DaemonNotFound");
        if (daemons.Count == 0)
            return null;
        // Routes with a rate limit are left out: the limit would be measured, too.
        IReadOnlyList<string> routes =
            [.. status.Routes.Where(
            route => route.RateLimits[0].Rate == 0 && daemons.Contains(route.Daemon ?? "") && Route?.Contains(route.Route) != false)
            .Select(route => route.Route)];
        if (routes.Count > 0)
            return routes;
        WriteError($"no route without a rate limit leads to {string.Join(", ", daemons)} in '{name}'", "CannotVerify",
            ErrorCategory.InvalidArgument, name);
        return null;
    }

    private void MeasureServer(Uri uri)
    {
        var options = new ServerFlushOptions
        {
            Uri = uri,
            Sample = Sample,
            Duration = Duration ?? TimeSpan.FromSeconds(10),
            Every = Every,
            Limit = Limit,
            Headers = HeaderAttribute.Fields(Header),
            SkipCertificateCheck = SkipCertificateCheck,
        };
        VerifyServer(uri, (progress, stop) => ServerFlushVerification.RunAsync(options, progress, stop),
            measured => measured.Any(result => result.Latency.Count > 0)
                ? null : measured is [{ Problem: { } problem } one, ..]
                ? (one.Failure, problem) : (nameof(MeasurementFailure.None), "Interrupted before anything was measured."),
            _ => { });
    }
}
