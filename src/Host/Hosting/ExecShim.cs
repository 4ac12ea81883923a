using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// <c>daemonproxy exec [OPTIONS] -- COMMAND</c>: becomes a managed daemon. Its process leads its own process group, so that Ctrl+C at the
/// terminal reaches only the front end, which still needs its daemons for the requests in flight, and so that everything the daemon starts
/// can be ended with it. On Linux it is asked to end when the front end is gone, killed or not. The options set its identity and its
/// limits. This verb is not meant for people: the front end calls it, and it takes the shortest path through the program.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class ExecShim
{
    private const int SigPipe = 13;
    private const int SigTerm = 15;
    private const int NoEntry = 2;
    private const int NotPermitted = 13;
    private const int SetParentDeathSignal = 1; // PR_SET_PDEATHSIG
    private const int DuplicateDescriptor = 0; // F_DUPFD

    // Above the range that programs rely on.
    private const int FirstOwn = 64;

    /// <summary>Replaces this process with the command; returns only on failure.</summary>
    /// <param name="arguments">Options, <c>--</c>, program and arguments.</param>
    /// <returns>
    /// 127 when the program does not exist and 126 when it cannot be run, as in a shell; 125 when an option cannot be applied.
    /// </returns>
    public static unsafe int Become(ReadOnlySpan<string> arguments)
    {
        var end = arguments.IndexOf("--");
        var command = arguments[(end + 1)..];
        if (end < 0 || command.IsEmpty) return Complain(125, "exec needs a command after --");
        string? name = null, group = null, supplementary = null, user = null, memory = null, addressSpace = null, socket = null;
        var parent = 0;
        foreach (var option in arguments[..end])
        {
            var value = option[(option.IndexOf('=', StringComparison.Ordinal) + 1)..];
            var failure = option[..^value.Length] switch
            {
                "--parent=" => int.TryParse(value, CultureInfo.InvariantCulture, out parent) ? null : $"{option} is no process",
                "--display-name=" => Note(out name, value),
                "--group=" => Note(out group, value),
                "--supplementary-groups=" => Note(out supplementary, value),
                "--user=" => Note(out user, value),
                "--listen=" => Note(out socket, value),
                "--umask=" => SetUmask(Convert.ToInt32(value, 8)),
                "--cpu-priority=" => SetPriority(int.Parse(value, CultureInfo.InvariantCulture)),
                "--memory-limit=" => Note(out memory, value),
                "--virtual-memory-limit=" => Note(out addressSpace, value),
                _ => $"exec knows no option {option}",
            };
            if (failure is not null) return Complain(125, failure);
        }
        if (socket is not null)
        {
            if (Listen(socket, out var descriptor) is { } failure) return Complain(125, failure);
            command = (string[])[.. command, DaemonSocket.DescriptorOption, descriptor.ToString(CultureInfo.InvariantCulture)];
        }
        // The change of user comes last, because the new user may no longer be allowed to do the earlier steps.
        if (BecomeUser(user, group, supplementary?.Split(',') ?? []) is { } refused) return Complain(125, refused);
        _ = SystemCalls.SetProcessGroup(0, 0);
        // .NET ignores SIGPIPE, and an ignored signal stays ignored after exec; most programs expect SIGPIPE to end them.
        _ = SystemCalls.SetSignalHandler(SigPipe, 0);
        // A change of user clears this setting, so it follows that change. If the front end died before this call, this process already has
        // another parent.
        if (OperatingSystem.IsLinux()) _ = SystemCalls.ControlProcess(SetParentDeathSignal, SigTerm, 0, 0, 0);
        if (parent != 0 && SystemCalls.ParentProcess() != parent) return Complain(125, "the front end has ended");
        // The runtime has reserved more address space than most daemons may have. Once address space is limited, it can neither compile nor
        // load anything, so everything below is prepared first and called once with a program that cannot exist.
        var line = ArgumentLine(command, name ?? command[0]);
        _ = Execute("", line);
        if ((Limit("memory-limit", OperatingSystem.IsMacOS() ? 6 : 2, memory)
            ?? Limit("virtual-memory-limit", OperatingSystem.IsMacOS() ? 5 : 9, addressSpace)) is { } unmet)
            return Complain(125, unmet);
        var error = Execute(command[0], line);
        return Complain(error == NoEntry ? 127 : 126, error switch
        {
            NoEntry => $"there is no program {command[0]}; install it, or give its full path in command",
            NotPermitted => $"{command[0]} may not be run by this user; check that it is executable",
            _ => $"{command[0]} cannot be run: {Marshal.GetPInvokeErrorMessage(error)}",
        });
    }

    private static int Complain(int code, string sentence)
    {
        Console.Error.WriteLine(sentence);
        return code;
    }

    private static string? Note(out string target, string value)
    {
        target = value;
        return null;
    }

    /// <summary>
    /// Opens the worker's socket, which then needs no way into its folder. The socket remains this user's: nobody else can replace it.
    /// </summary>
    private static string? Listen(string path, out int descriptor)
    {
        descriptor = -1;
        try
        {
            var socket = UnixListenSocket.Open(path, ListenSockets.Backlog).Socket;
            // Unlike the original, the duplicate stays open in the program that this process becomes.
            descriptor = SystemCalls.ControlDescriptor((int)socket.Handle, DuplicateDescriptor, FirstOwn);
            return descriptor >= 0 ? null : $"the socket {path} cannot be passed on: {Marshal.GetLastPInvokeErrorMessage()}";
        }
        catch (ServerStartException failure) { return failure.Message; }
    }

    private static string? SetUmask(int mask)
    {
        _ = SystemCalls.SetUmask((uint)mask);
        return null;
    }

    private static string? SetPriority(int niceness) => SystemCalls.SetPriority(0, 0, niceness) == 0 ? null
        : $"cpu-priority {niceness} cannot be set: {Marshal.GetLastPInvokeErrorMessage()}; only root can go below what the front end has";

    private static string? Limit(string key, int resource, string? bytes)
    {
        if (bytes is null) return null;
        var limit = (nuint)Math.Min(ulong.Parse(bytes, CultureInfo.InvariantCulture), nuint.MaxValue);
        nuint[] limits = [limit, limit];
        return SystemCalls.SetLimit(resource, limits) == 0 ? null : $"{key} {bytes} cannot be set: {Marshal.GetLastPInvokeErrorMessage()}";
    }

    private static string? BecomeUser(string? user, string? group, string[] supplementary)
    {
        if (user is null && group is null && supplementary.Length == 0) return null;
        uint? userId = null, groupId = null;
        if (user is not null)
        {
            if (Accounts.User(user) is not { } account) return $"there is no user {user}; create it, or name one that is there in user";
            (userId, groupId) = (account.User, account.Group);
        }
        if (group is not null)
        {
            if (Accounts.Group(group) is not { } id) return $"there is no group {group}; create it, or name one that is there in group";
            groupId = id;
        }
        var groups = new List<uint>();
        foreach (var name in supplementary)
        {
            if (Accounts.Group(name) is not { } id)
                return $"there is no group {name}; create it, or name one that is there in supplementary-groups";
            groups.Add(id);
        }
        if (groups.Count > 0)
        {
            if (groupId is { } own) groups.Insert(0, own);
            if (SystemCalls.SetGroups((nuint)groups.Count, [.. groups]) != 0)
                return $"supplementary-groups cannot be taken: {Marshal.GetLastPInvokeErrorMessage()}; the front end must run as root for "
                    + "that";
        }
        if (groupId is { } wanted)
        {
            // Keeping the front end's own supplementary groups would be a back door.
            if (groups.Count == 0 && SystemCalls.EffectiveUser() == 0 && SystemCalls.SetGroups(1, [wanted]) != 0)
                return $"the supplementary groups cannot be dropped: {Marshal.GetLastPInvokeErrorMessage()}";
            if (SystemCalls.SetGroup(wanted) != 0)
                return $"group {group ?? user} cannot be taken: {Marshal.GetLastPInvokeErrorMessage()}; the front end must run as root for "
                    + "that";
        }
        if (userId is { } id2 && SystemCalls.SetUser(id2) != 0)
            return $"user {user} cannot be taken: {Marshal.GetLastPInvokeErrorMessage()}; the front end must run as root for that";
        return null;
    }

    private static unsafe byte** ArgumentLine(ReadOnlySpan<string> command, string name)
    {
        var arguments = (byte**)NativeMemory.Alloc((nuint)(command.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < command.Length; i++) arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(i == 0 ? name : command[i]);
        arguments[command.Length] = null;
        return arguments;
    }

    private static unsafe int Execute(string program, byte** arguments)
    {
        _ = SystemCalls.Execute((byte*)Marshal.StringToCoTaskMemUTF8(program), arguments);
        return Marshal.GetLastPInvokeError();
    }
}
