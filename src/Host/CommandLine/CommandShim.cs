using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// Becomes a daemon's command, in a process group of its own: Ctrl+C at the terminal then reaches the front end alone, and whatever
/// the daemon starts can be ended with it. The process keeps its id, its standard streams and its environment.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static partial class CommandShim
{
    private const int SigPipe = 13;
    private const int NoEntry = 2;
    private const int NotPermitted = 13;

    /// <summary>Replaces this process by the command; returns only by its exception.</summary>
    /// <param name="command">Program, looked for on the PATH when it has no slash, and arguments; at least one.</param>
    /// <exception cref="ServerStartException">The command cannot be run.</exception>
    public static void Become(IReadOnlyList<string> command)
    {
        // The leader of a session is the leader of its group already, which is refused and just as good.
        _ = SetProcessGroup(0, 0);
        // .NET ignores SIGPIPE, and what is ignored stays so: the daemon's own children would write into closed pipes for ever.
        _ = SetSignalHandler(SigPipe, 0);

        var arguments = new nint[command.Count + 1];
        for (var i = 0; i < command.Count; i++)
            arguments[i] = Marshal.StringToCoTaskMemUTF8(command[i]);
        _ = Execute(arguments[0], arguments);

        var error = Marshal.GetLastPInvokeError();
        throw new ServerStartException(error switch
        {
            NoEntry => $"there is no program {command[0]}; install it, or give its full path in command",
            NotPermitted => $"{command[0]} may not be run by this user; check that it is executable",
            _ => $"{command[0]} cannot be run: {Marshal.GetPInvokeErrorMessage(error)}",
        });
    }

    [LibraryImport("libc", EntryPoint = "setpgid")]
    private static partial int SetProcessGroup(int process, int group);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static partial int Execute(nint program, nint[] arguments);
}
