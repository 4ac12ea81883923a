using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DaemonProxy.Control;

/// <summary>Where the <c>daemonproxy</c> program is, and how it is called.</summary>
public static class HostProgram
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Finds the host in a folder: that of this platform in a folder of its own (<c>linux-x64</c>), as the package has it, or the one that lies there, as a
    /// build leaves it; its own executable, or the assembly that <c>dotnet</c> runs everywhere.
    /// </summary>
    /// <returns>Its full path, for <see cref="LaunchOptions.HostPath"/>.</returns>
    /// <exception cref="ControlException">It is not there.</exception>
    public static string Find(string folder) => Find(folder, Platform());

    /// <summary>The same, for a platform by its name (<c>linux-x64</c>); null: one that the package has no host of its own for.</summary>
    internal static string Find(string folder, string? platform)
    {
        if (platform is not null && Path.Combine(folder, platform) is var own && File.Exists(Path.Combine(own, "daemonproxy.dll")))
            folder = own;
        // A package that has been through a gallery has lost its execute bits; the assembly needs none.
        var program = Path.Combine(folder, OperatingSystem.IsWindows() ? "daemonproxy.exe" : "daemonproxy");
        if (File.Exists(program) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(program) & Executable) != 0))
            return program;
        var assembly = Path.Combine(folder, "daemonproxy.dll");
        return File.Exists(assembly) ? assembly : throw new ControlException(
            $"there is no daemonproxy in {folder}; install the module again, or build it with dotnet build", ControlFailure.StartFailed);
    }

    /// <summary>The host as a service manager calls it: program and first arguments by full paths, and the .NET that it needs to be told of, or null.</summary>
    /// <exception cref="ControlException">It is to run by <c>dotnet</c>, which is not on PATH.</exception>
    public static (IReadOnlyList<string> Command, string? DotnetRoot) ForService(string hostPath)
    {
        var call = Call(hostPath);
        if (!Path.IsPathFullyQualified(call.FileName))
            throw new ControlException("there is no dotnet on PATH to run the front end with; install the .NET 10 runtime with ASP.NET Core", ControlFailure.StartFailed);
        return ([call.FileName, .. call.ArgumentList], call.Environment.TryGetValue("DOTNET_ROOT", out var root) && root is { Length: > 0 } ? root : null);
    }

    /// <summary>A call of the host with no window, its three standard streams redirected, and what it needs to find .NET.</summary>
    internal static ProcessStartInfo Call(string hostPath)
    {
        var call = new ProcessStartInfo
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetExtension(hostPath).Equals(".dll", StringComparison.OrdinalIgnoreCase))
        {
            call.FileName = DotnetOnPath() ?? "dotnet";
            call.ArgumentList.Add(hostPath);
        }
        else
        {
            call.FileName = hostPath;
            // The executable looks for .NET in DOTNET_ROOT and the system's own place, not on PATH. PowerShell brings its own .NET and sets neither.
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_ROOT"))
                && Path.GetDirectoryName(DotnetOnPath()) is { } root
                && Directory.Exists(Path.Combine(root, "host", "fxr")))
                call.Environment["DOTNET_ROOT"] = root;
        }

        return call;
    }

    // Not RuntimeIdentifier itself: a distribution's own build of .NET calls itself after the distribution (debian.13-x64).
    private static string? Platform()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : OperatingSystem.IsLinux() ? "linux" : null;
        var musl = RuntimeInformation.RuntimeIdentifier is var id && (id.Contains("musl", StringComparison.Ordinal) || id.StartsWith("alpine", StringComparison.Ordinal));
        return system is null || musl ? null : $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static string? DotnetOnPath()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (file.Exists)
                return (file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName;
        }

        return null;
    }
}
