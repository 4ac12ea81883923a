using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Services;

namespace DaemonProxy.Cmdlets;

/// <summary>Undoes Register-DaemonProxyService: stops the front end and removes its service.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "DaemonProxyService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(ServiceState))]
public sealed class UnregisterDaemonProxyServiceCommand : ServiceCommand
{
    /// <summary>The front ends whose services are removed; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ServiceNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Return the service as it was.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Manager() is not { } manager)
            return;
        foreach (var name in Name.SelectMany(pattern => Matching(pattern, manager.Names())).Distinct())
        {
            try
            {
                if (!NameRule.Allows(name))
                    WriteError($"'{name}' cannot be a front end's name; {NameRule.Sentence}", "InvalidName", ErrorCategory.InvalidArgument,
                        name);
                else if (IsWhatIf && !manager.Names().Contains(name))
                    SayWhatIf($"nothing to unregister: there is no {manager.Kind} service of '{name}'");
                else if (ShouldProcess($"'{name}', {manager.PathOf(name)}", $"Stop and unregister {manager.Kind} service"))
                    Unregister(manager, name);
            }
            catch (ServiceException error)
            {
                WriteServiceError(error, name);
            }
        }
    }

    private void Unregister(ServiceManager manager, string name)
    {
        var state = Wait($"Unregistering '{name}'", stop => manager.UnregisterAsync(name, stop));
        WriteVerbose($"{state.Path} is removed");
        if (PassThru)
            WriteObject(state);
    }
}
