using System.Diagnostics;
using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>How a managed daemon is started.</summary>
/// <param name="Program">The program, as it is named in messages.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Socket">Full path of the Unix socket it is to listen on.</param>
/// <param name="Home">Its working directory; null: the front end's.</param>
/// <param name="Launcher">
/// The program and first arguments of the shim that becomes the daemon (<c>daemonproxy exec</c>), where the platform has one. The shim puts the daemon
/// into a process group of its own, so that a Ctrl+C at the terminal reaches the front end alone and the daemon finishes what is in flight; and all
/// that the daemon starts can be ended with it.
/// </param>
public sealed record DaemonCommand(string Program, IReadOnlyList<string> Arguments, string Socket, string? Home, IReadOnlyList<string> Launcher)
{
    /// <summary>The command of a group, with the socket's path put where <c>{socket}</c> stands.</summary>
    /// <param name="options">The group.</param>
    /// <param name="socket">Full path of the socket.</param>
    /// <param name="host">Program and first arguments that start this host.</param>
    public static DaemonCommand Of(DaemonGroupOptions options, string socket, IReadOnlyList<string> host)
    {
        if (options.Source == DaemonSource.Sample)
            return new("the sample application", ["daemon", "--sample", "--socket", socket, "--watch-stdin"], socket, null, host);
        string[] command = [.. options.Command.Select(part => part.Replace("{socket}", socket, StringComparison.Ordinal))];
        return new(command[0], command, socket, options.Home, OperatingSystem.IsWindows() ? [] : [.. host, "exec", "--"]);
    }

    /// <summary>Starts the process. Its standard input stays open as long as this process lives, and ends with it.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It is not there or may not be run.</exception>
    public Process Start()
    {
        if (Launcher.Count > 0 && Program == Arguments[0]) RequireProgram();
        string[] all = [.. Launcher, .. Arguments];
        var start = new ProcessStartInfo(all[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home ?? "",
            UseShellExecute = false,
        };
        foreach (var argument in all.Skip(1)) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Looks for the program before the shim does, so that a missing one is told at once and as such.</summary>
    private void RequireProgram()
    {
        if (Program.Contains('/'))
        {
            var path = Path.GetFullPath(Program, Home ?? Environment.CurrentDirectory);
            if (!File.Exists(path)) throw new System.ComponentModel.Win32Exception(2, $"there is no file {path}");
            return;
        }
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, Program))))
            throw new System.ComponentModel.Win32Exception(2, "no such program on the PATH; install it, or give its full path");
    }
}
