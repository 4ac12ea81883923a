using System.Runtime.InteropServices;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// <c>daemonproxy exec -- COMMAND</c>: becomes a managed daemon. Its process leads a process group of its own, so that Ctrl+C at the terminal reaches the
/// front end alone, which still needs its daemons for what is in flight; and whatever the daemon starts can be ended with it.
/// Not a verb for people: the front end calls it, and it takes the shortest way through the program.
/// </summary>
internal static partial class ExecShim
{
    private const int SigPipe = 13;
    private const int NoEntry = 2;
    private const int NotPermitted = 13;

    /// <summary>Replaces this process with the command; returns only when that failed.</summary>
    /// <returns>127 when there is no such program, 126 when it cannot be run, as a shell's.</returns>
    public static unsafe int Become(string[] command)
    {
        _ = SetProcessGroup(0, 0);
        // .NET ignores SIGPIPE, and what is ignored stays ignored through exec; most programs expect to end by it.
        _ = SetSignal(SigPipe, 0);
        var arguments = (byte**)NativeMemory.Alloc((nuint)(command.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < command.Length; i++) arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(command[i]);
        arguments[command.Length] = null;
        _ = Execute(arguments[0], arguments);
        var error = Marshal.GetLastPInvokeError();
        Console.Error.WriteLine(error switch
        {
            NoEntry => $"there is no program {command[0]}; install it, or give its full path in command",
            NotPermitted => $"{command[0]} may not be run by this user; check that it is executable",
            _ => $"{command[0]} cannot be run: {Marshal.GetPInvokeErrorMessage(error)}",
        });
        return error == NoEntry ? 127 : 126;
    }

    [LibraryImport("libc", EntryPoint = "setpgid", SetLastError = true)]
    private static partial int SetProcessGroup(int process, int group);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static unsafe partial int Execute(byte* file, byte** arguments);
}
