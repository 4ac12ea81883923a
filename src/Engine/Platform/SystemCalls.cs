using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// Every function called from the operating system's libraries, named for what it does. Functions that a platform lacks are not called
/// there.
/// </summary>
internal static unsafe partial class SystemCalls
{
    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int ControlDescriptor(int descriptor, int command, int value);

    /// <summary>Decides whether programs that this process executes inherit a descriptor.</summary>
    /// <returns>Whether the descriptor is open.</returns>
    public static bool SetInherited(int descriptor, bool inherited) =>
        ControlDescriptor(descriptor, 2, inherited ? 0 : 1) == 0; // F_SETFD, FD_CLOEXEC

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ControlProcess(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static partial int CreatePipe(int* ends);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int CreatePipe(int* ends, int flags);

    /// <summary>Creates a pipe that no program inherits which this process executes.</summary>
    /// <param name="ends">Receives the end to read from and the end to write to.</param>
    public static bool TryCreatePipe(int* ends)
    {
        const int linuxCloseOnExec = 0x80000;
        if (OperatingSystem.IsLinux()) return CreatePipe(ends, linuxCloseOnExec) == 0;
        // Elsewhere a program that is executed by another thread at this very moment has it.
        return CreatePipe(ends) == 0 && SetInherited(ends[0], false) && SetInherited(ends[1], false);
    }

    /// <summary>Creates two sockets that are connected to each other (Linux).</summary>
    /// <exception cref="IOException">The system has none left.</exception>
    public static (Socket, Socket) CreateSocketPair()
    {
        const int unix = 1, streamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;
        var ends = stackalloc int[2];
        if (CreateSocketPair(unix, streamNonBlockingCloseOnExec, 0, ends) != 0)
            throw new IOException($"no pair of sockets can be had: {Marshal.GetLastPInvokeErrorMessage()}");
        return (Open(ends[0]), Open(ends[1]));

        static Socket Open(int descriptor) => new(new SafeSocketHandle(descriptor, ownsHandle: true)) { Blocking = false };
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int CreateSocketPair(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static partial int DuplicateDescriptor(int from, int to);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true)]
    public static partial int Execute(byte* file, byte** arguments);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ExtendedStatus(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "getentropy", SetLastError = true)]
    public static partial int FillWithRandom(byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    public static partial int GetLimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "dlerror")]
    public static partial nint LastLibraryError();

    /// <summary>Gives a file, or a symbolic link itself, another name on the same file system.</summary>
    public static bool LinkFile(string existing, string name)
    {
        var here = OperatingSystem.IsMacOS() ? -2 : -100; // AT_FDCWD
        return LinkFileAt(here, existing, here, name, 0) == 0;
    }

    // Unlike link(2), it follows a symbolic link on no system.
    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkFileAt(int folder, string existing, int nameFolder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkStatus(string path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkStatus64(string path, byte* buffer);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenFile(string path, int flags);

    /// <summary>Moves bytes from a descriptor to another, of which one is a pipe (Linux).</summary>
    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    public static partial nint MoveBytes(SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nuint most, uint flags);

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint OpenLibrary(string path, int flags);

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int ParentProcess();

    [LibraryImport("libproc", EntryPoint = "proc_pidinfo", SetLastError = true)]
    public static partial int ProcessInformation(int process, int flavor, ulong argument, byte* buffer, int size);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint ReadDescriptor(SafeHandle descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(int socket, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RemoveVariable(string name);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int socket, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "setgid", SetLastError = true)]
    public static partial int SetGroup(uint group);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    public static partial int SetGroups(nuint count, uint[] groups);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetLimit(int resource, nuint[] limits);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, uint who, int niceness);

    [LibraryImport("libc", EntryPoint = "setpgid", SetLastError = true)]
    public static partial int SetProcessGroup(int process, int group);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    public static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "umask")]
    public static partial uint SetUmask(uint mask);

    [LibraryImport("libc", EntryPoint = "setuid", SetLastError = true)]
    public static partial int SetUser(uint user);

    // Python reads the C library's environment, of which .NET only has a copy.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    public static partial int Sleep(in TimeSpec request, nint remaining);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    public static partial int StartSession();

    /// <summary>The C library's <c>struct timespec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary>The C library's <c>struct rlimit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
