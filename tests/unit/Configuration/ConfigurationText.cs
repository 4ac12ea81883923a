using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>A configuration as a test writes it.</summary>
internal static class ConfigurationText
{
    /// <summary>The folder that relative paths start from; nothing is in it.</summary>
    public static string Folder { get; } = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "daemonproxy-tests-nothing-here"));

    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    public static ProxyConfiguration Read(string yaml) => ConfigurationFile.Parse(yaml, "site.yaml", Folder);

    /// <summary>Every mistake as "line:column message".</summary>
    public static string[] Mistakes(string yaml)
    {
        var exception = Assert.Throws<ConfigurationException>(() => Read(yaml));
        Assert.All(exception.Errors, error => Assert.Equal("site.yaml", error.File));
        return [.. exception.Errors.Select(error => $"{error.Line}:{error.Column} {error.Message}")];
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "DaemonProxy.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return folder;
    }
}
