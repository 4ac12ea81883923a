using System.Reflection;

namespace DaemonProxy.Tests;

/// <summary>Where the repository is, as the build knew it: tests run the module and the host that the same build left there.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } =
        typeof(RepositoryRoot).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "RepositoryRoot").Value!;

    /// <summary>
    /// The host: the one that <c>DAEMONPROXY_TEST_HOST</c> names by its full path, such as the package's native one, or that which the
    /// build left in the module.
    /// </summary>
    public static string Host { get; } = Environment.GetEnvironmentVariable("DAEMONPROXY_TEST_HOST") is { Length: > 0 } named
        ? named
        : System.IO.Path.Combine(Path, "module", "bin", "host", OperatingSystem.IsWindows() ? "daemonproxy.exe" : "daemonproxy");
}
