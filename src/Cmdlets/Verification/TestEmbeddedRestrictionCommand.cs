using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Shows what an embedded request gets in each state of the restriction, and that the front end survives it. Uses front ends of its own.
/// With <c>-Name</c>, tries a running front end that has an embedded route, but only in those states that can be undone, and restores its
/// setting afterwards.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "EmbeddedRestriction")]
[OutputType("DaemonProxy.Verification.Verifying.EmbeddedResult")]
public sealed class TestEmbeddedRestrictionCommand : VerificationCommand
{
    /// <summary>
    /// Running front ends; wildcards are allowed. During the test, the tested state of the restriction applies to all embedded requests.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in TargetsOf(Name))
        {
            Verify("Trying the embedded restriction", name, (progress, stop) =>
                EmbeddedVerification.RunAsync(
                    new EmbeddedVerificationOptions { HostPath = name is null ? HostProgram.Find(HostFolder) : "", Name = name }, progress,
                    stop));
        }
    }
}
