using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Measures how well rate limits hold. With no parameter: both pacers under the flush policy of today and the one before 6.0.2, side by side, on a
/// front end of its own. With <c>-Name</c>: the limited routes of a running one that the sample application answers.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "RateLimitAccuracy", DefaultParameterSetName = OwnSet)]
[OutputType("DaemonProxy.Verification.RateLimitResult")]
public sealed class TestRateLimitAccuracyCommand : VerificationCommand
{
    private const string OwnSet = "Own";
    private const string RunningSet = "Running";

    /// <summary>A running front end.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = RunningSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Only these routes of it.</summary>
    [Parameter(ParameterSetName = RunningSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>The rate to configure: <c>400KB</c>, <c>400KiB/s</c>. Default 1 MiB/s.</summary>
    [Parameter(ParameterSetName = OwnSet)]
    [Rate]
    public long Rate { get; set; } = 1 << 20;

    /// <summary>How long to measure. Default 5 s.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The error allowed, in percent. Default: 1 for the token bucket, 2 for the interval pacer.</summary>
    [Parameter]
    [ValidateRange(0.001, 99.0)]
    public double? Tolerance { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var name = Name is null ? null : NameOfOne(Name);
        Verify("Measuring rate limits", name, (progress, stop) => RateLimitVerification.RunAsync(
            new RateLimitVerificationOptions
            {
                HostPath = name is null ? HostProgram.Find(HostFolder) : null,
                Name = name,
                Routes = Route ?? [],
                Rate = Rate,
                Duration = Duration,
                Tolerance = Tolerance / 100,
            }, progress, stop));
    }
}
