using System.Reflection;

namespace DaemonProxy.Host.Hosting;

/// <summary>The version of the host, as its build recorded it.</summary>
internal static class HostVersion
{
    /// <summary>The version alone, as in a package's name: <c>0.1.0</c>.</summary>
    public static string Number => Informational.Split('+')[0];

    /// <summary>The commit that was built; null if the build did not know it.</summary>
    public static string? Commit =>
        Informational.IndexOf('+', StringComparison.Ordinal) is var plus and > 0 ? Informational[(plus + 1)..] : null;

    private static string Informational { get; } =
        typeof(HostVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
