using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DaemonProxy.Control;

/// <summary>Finds the <c>daemonproxy</c> program and prepares calls of it.</summary>
public static class HostProgram
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Finds the host in a folder. A package has one for each platform, in a folder of its own (<c>linux-x64</c>), which needs no .NET. A
    /// build leaves one in the folder itself: an executable, or the assembly that <c>dotnet</c> runs on any platform.
    /// </summary>
    /// <returns>Its full path, for <see cref="LaunchOptions.HostPath"/>.</returns>
    /// <exception cref="ControlException">It is not there, there is none for this platform, or it cannot be made executable.</exception>
    public static string Find(string folder) => Find(folder, Platform());

    /// <summary>The same for a given platform name (<c>linux-x64</c>).</summary>
    internal static string Find(string folder, string platform)
    {
        var name = OperatingSystem.IsWindows() ? "daemonproxy.exe" : "daemonproxy";
        if (Path.Combine(folder, platform, name) is var own && File.Exists(own)) return MakeExecutable(own);
        if (Path.Combine(folder, name) is var built && File.Exists(built) && IsExecutable(built)) return built;
        var assembly = Path.Combine(folder, "daemonproxy.dll");
        if (File.Exists(assembly)) return assembly;
        var others = Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray() : [];
        throw new ControlException(
            others.Length == 0 ? $"there is no daemonproxy in {folder}; install the module again, or build it with dotnet build"
            : $"the package has no host for {platform}, only for {string.Join(", ", others)}; build one here with dotnet build, which "
            + "needs the .NET SDK 10", ControlFailure.StartFailed);
    }

    private static bool IsExecutable(string program) => OperatingSystem.IsWindows() || (File.GetUnixFileMode(program) & Executable) != 0;

    // A package that has passed through a gallery has lost its execute bits.
    private static string MakeExecutable(string program)
    {
        if (OperatingSystem.IsWindows() || IsExecutable(program)) return program;
        try { File.SetUnixFileMode(program, File.GetUnixFileMode(program) | Executable); }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw new ControlException(
                $"{program} is not executable, and only its owner can make it so: chmod +x '{program}'", ControlFailure.StartFailed,
                failure);
        }
        return program;
    }

    /// <summary>
    /// The command line for a service manager: program and first arguments with full paths, and the location of .NET when the host needs
    /// it, otherwise null.
    /// </summary>
    /// <exception cref="ControlException">It needs <c>dotnet</c>, which is not on PATH.</exception>
    public static (IReadOnlyList<string> Command, string? DotnetRoot) ForService(string hostPath)
    {
        var call = Call(hostPath);
        if (!Path.IsPathFullyQualified(call.FileName))
            throw new ControlException(
                "there is no dotnet on PATH to run the front end with; install the .NET 10 runtime with ASP.NET Core",
                ControlFailure.StartFailed);
        return ([call.FileName, .. call.ArgumentList],
            call.Environment.TryGetValue("DOTNET_ROOT", out var root) && root is { Length: > 0 } ? root : null);
    }

    /// <summary>
    /// A call of the host without a window, with its three standard streams redirected and the settings it needs to find .NET.
    /// </summary>
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
            // A developer's build looks for .NET in DOTNET_ROOT and in the system's default location, not on PATH. PowerShell ships its own
            // .NET and sets neither.
            if (File.Exists(Path.Combine(Path.GetDirectoryName(hostPath)!, "daemonproxy.dll"))
                && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_ROOT"))
                && Path.GetDirectoryName(DotnetOnPath()) is { } root
                && Directory.Exists(Path.Combine(root, "host", "fxr")))
                call.Environment["DOTNET_ROOT"] = root;
        }

        return call;
    }

    // Not RuntimeIdentifier itself: a distribution's own build of .NET is named after the distribution (debian.13-x64).
    internal static string Platform()
    {
        var musl = RuntimeInformation.RuntimeIdentifier is var id
            && (id.Contains("musl", StringComparison.Ordinal) || id.StartsWith("alpine", StringComparison.Ordinal));
        var system = OperatingSystem.IsWindows()
            ? "win" : OperatingSystem.IsMacOS() ? "osx" : musl ? "linux-musl" : OperatingSystem.IsLinux() ? "linux" : "this system";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static string? DotnetOnPath()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (file.Exists)
                return (file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName;
        }

        return null;
    }
}
