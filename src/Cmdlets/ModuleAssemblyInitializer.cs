using System.Management.Automation;
using System.Runtime.Loader;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Tells PowerShell's default context where to find the engine, before the first cmdlet needs it. PowerShell enumerates this assembly's
/// public types even earlier, so none of them may derive from an engine type, or have a field whose type is an engine enum or struct.
/// </summary>
public sealed class ModuleAssemblyInitializer : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnImport() => AssemblyLoadContext.Default.Resolving += EngineLoadContext.ResolveEngine;

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => AssemblyLoadContext.Default.Resolving -= EngineLoadContext.ResolveEngine;
}
