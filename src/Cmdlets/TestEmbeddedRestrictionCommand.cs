using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows what an embedded request gets under each state of the restriction, and that the front end survives it; on front ends of its own.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EmbeddedRestriction")]
[OutputType("DaemonProxy.Verification.EmbeddedResult")]
public sealed class TestEmbeddedRestrictionCommand : VerificationCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() => Verify("Trying the embedded restriction", null, (progress, stop) =>
        EmbeddedVerification.RunAsync(new EmbeddedVerificationOptions { HostPath = HostProgram.Find(HostFolder) }, progress, stop));
}
