using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Measures how long what an application has written waits in the front end, by timestamps in the data. With no parameter: the default policy beside the
/// original's rules, on a front end of its own. With <c>-Name</c>: the unlimited routes of a running one that the sample application answers.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "FlushPolicy")]
[OutputType("DaemonProxy.Verification.FlushResult")]
public sealed class TestFlushPolicyCommand : VerificationCommand
{
    /// <summary>A running front end.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Only these routes of it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var name = Name is null ? null : NameOfOne(Name);
        Verify("Measuring delivery latency", name, (progress, stop) => FlushVerification.RunAsync(
            new FlushVerificationOptions { HostPath = name is null ? HostProgram.Find(HostFolder) : null, Name = name, Routes = Route ?? [] }, progress, stop));
    }
}
