using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that measures what the front end promises.</summary>
public abstract class VerificationCommand : InstanceCommand
{
    /// <summary>Measures, with progress, and writes the results; errors say why there are none.</summary>
    private protected void Verify<TResult>(string activity, string? target, Func<IProgress<VerificationProgress>, CancellationToken, Task<IReadOnlyList<TResult>>> run)
    {
        try
        {
            WriteObject(Wait(activity, run), enumerateCollection: true);
        }
        catch (ControlException error)
        {
            WriteControlError(error, target);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "CannotVerify", ErrorCategory.InvalidArgument, target));
        }
    }
}
