using System.Management.Automation;
using DaemonProxy.Services;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that talks to the system's service manager.</summary>
public abstract class ServiceCommand : InstanceCommand
{
    /// <summary>
    /// Whose services: the user's own or, for root or an administrator, the machine's. Default: User; on Windows System, the only scope
    /// there.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public Scope Scope { get; set; } = OperatingSystem.IsWindows() ? Scope.System : Scope.User;

    private protected ServiceManager? Manager()
    {
        try
        {
            return ServiceManager.OfThisSystem(Scope == Scope.System ? ServiceScope.System : ServiceScope.User);
        }
        catch (ServiceException error)
        {
            WriteServiceError(error, Scope);
            return null;
        }
    }

    private protected void WriteServiceError(ServiceException error, object? target)
    {
        var (id, category) = error.Failure switch
        {
            ServiceFailure.NotFound => ("ServiceNotFound", ErrorCategory.ObjectNotFound),
            ServiceFailure.NotOurs => ("ServiceNotOurs", ErrorCategory.ResourceExists),
            ServiceFailure.Invalid => ("InvalidService", ErrorCategory.InvalidArgument),
            ServiceFailure.File => ("ServiceFileUnusable", ErrorCategory.WriteError),
            ServiceFailure.NoManager => ("ServiceManagerUnavailable", ErrorCategory.ResourceUnavailable),
            _ => ("ServiceManagerRefused", ErrorCategory.InvalidOperation),
        };
        WriteError(new ErrorRecord(error, id, category, target));
    }
}
