using System.Management.Automation;
using System.Runtime.Loader;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Tells PowerShell's default context where the engine is, before the first cmdlet needs it. PowerShell lists this assembly's public
/// types earlier than that, so none of them may have an engine type as its base, or an engine enum or struct as a field.
/// </summary>
public sealed class ModuleAssemblyInitializer : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnImport() => AssemblyLoadContext.Default.Resolving += EngineLoadContext.ResolveEngine;

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => AssemblyLoadContext.Default.Resolving -= EngineLoadContext.ResolveEngine;
}
