using System.Reflection;
using System.Runtime.Loader;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// The load context of the engine and its packages. PowerShell has one default context for all modules, in which the first version of an
/// assembly wins; in a context of its own, the engine gets the YamlDotNet it was built with, whatever other modules have loaded.
/// </summary>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    private const string Engine = "DaemonProxy.Engine";
    private const string OwnPrefix = "DaemonProxy.";

    // One per session: the cmdlets are bound to the first engine they meet, and stay bound to it when the module is imported again.
    private static readonly EngineLoadContext Session = new(
        Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "engine"));

    private readonly string _folder;

    private EngineLoadContext(string folder)
        : base(Engine) => _folder = folder;

    /// <summary>
    /// Handles <see cref="AssemblyLoadContext.Resolving"/> of the default context; resolves only the engine and its own assemblies.
    /// </summary>
    public static Assembly? ResolveEngine(AssemblyLoadContext context, AssemblyName name) =>
        name.Name?.StartsWith(OwnPrefix, StringComparison.Ordinal) == true ? Session.Load(name) : null;

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var file = Path.Combine(_folder, assemblyName.Name + ".dll");
        return File.Exists(file) ? LoadFromAssemblyPath(file) : null;
    }
}
