using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Control;

/// <summary>
/// The folder in which a user's front ends keep their sockets, so that every console of that user finds them. Anyone who can write to it
/// controls the front ends, so it must belong to the user alone: mode 0700, and refused otherwise.
/// </summary>
public sealed class RuntimeDirectory
{
    /// <summary>The environment variable that overrides the folder's location.</summary>
    public const string EnvironmentVariable = "DAEMONPROXY_RUNTIME_DIR";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    // The lock is held so briefly that nobody waits long, unless its holder is stopped in a debugger.
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(10);

    private RuntimeDirectory(string path) => Path = path;

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>
    /// The longest path, in bytes, that the system accepts for a Unix socket (the size of <c>sun_path</c> less its terminator).
    /// </summary>
    public static int LongestSocketPath => OperatingSystem.IsMacOS() ? 103 : 107;

    /// <summary>
    /// The folder's default location: <see cref="EnvironmentVariable"/>, otherwise the folder of the user's system service, otherwise the
    /// user's runtime directory, otherwise the temporary folder.
    /// </summary>
    public static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } chosen)
            return System.IO.Path.GetFullPath(chosen);
        if (OperatingSystem.IsWindows())
        {
            var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            return System.IO.Path.Combine(local, "DaemonProxy", "run");
        }

        // A system service for this account takes precedence: its folder exists before anybody logs in, and every console should find it.
        if (OperatingSystem.IsLinux()
            && System.IO.Path.Combine("/run", SystemServiceFolder(Environment.UserName)) is var service
            && FileOwner.Find(service) == FileOwner.CurrentUser)
            return service;

        // Under sudo the variable may name another user's runtime directory: a folder of ours there would lock that user out.
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
            && System.IO.Path.IsPathFullyQualified(runtime)
            && (FileOwner.Find(runtime) ?? FileOwner.CurrentUser) == FileOwner.CurrentUser
            && Directory.Exists(runtime))
            return System.IO.Path.Combine(runtime, "daemonproxy");
        return WithoutSession;
    }

    /// <summary>The folder's location for a session that has no runtime directory of its own. Unix.</summary>
    internal static string WithoutSession =>
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"daemonproxy-{FileOwner.CurrentUser}");

    /// <summary>The name of the folder that the system creates below /run for a system service of an account.</summary>
    public static string SystemServiceFolder(string account) => $"daemonproxy-{account}";

    /// <summary>Opens the folder, and creates it when it does not exist.</summary>
    /// <param name="path">The folder's path; null: <see cref="DefaultPath"/>.</param>
    /// <exception cref="ControlException">It cannot be created, or does not belong to this user alone.</exception>
    public static RuntimeDirectory Open(string? path = null)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path ?? DefaultPath()));
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, OwnerOnly);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Refusal(path, $"cannot be made ({error.Message.TrimEnd('.')}); make it yours alone with mkdir -m 700", error);
        }

        Check(path);
        return new RuntimeDirectory(path);
    }

    /// <summary>Opens the folder when it exists; otherwise returns null and changes nothing.</summary>
    /// <exception cref="ControlException">It does not belong to this user alone.</exception>
    public static RuntimeDirectory? OpenExisting(string? path = null)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path ?? DefaultPath()));
        if (!Directory.Exists(path))
            return null;
        Check(path);
        return new RuntimeDirectory(path);
    }

    /// <summary>The folder of a front end that this process replaces: whoever uses it has checked it.</summary>
    internal static RuntimeDirectory Inherit(string path) => new(path);

    /// <summary>
    /// Keeps out every other process that would claim, probe or clean an instance's folder in the meantime. Thanks to this single rule, no
    /// starting process mistakes a probe for a running front end, and nobody locks a file that another is about to remove.
    /// </summary>
    internal FileLock LockForChange()
    {
        var file = System.IO.Path.Combine(Path, ".lock");
        FileLock? taken;
        try
        {
            taken = FileLock.Take(file, ChangeLimit);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Refusal(Path, $"cannot be written to ({error.Message.TrimEnd('.')}); make it yours alone with chmod 700", error);
        }

        return taken ?? throw new ControlException(
            $"{file} has been locked for {ChangeLimit.TotalSeconds:0} s; another process that uses this runtime directory hangs: end it "
                + "and try again",
            ControlFailure.TimedOut);
    }

    /// <summary>The path of a socket in an instance's folder, checked against the system's limit.</summary>
    /// <exception cref="ControlException">The path is longer than <see cref="LongestSocketPath"/>.</exception>
    internal static string SocketPath(string folder, string file)
    {
        var path = System.IO.Path.Combine(folder, file);
        var length = Encoding.UTF8.GetByteCount(path);
        return length <= LongestSocketPath ? path : throw new ControlException(
            $"the socket {path} has a path of {length} bytes and the system takes {LongestSocketPath}; set {EnvironmentVariable} to a "
                + "shorter folder, or choose a shorter name",
            ControlFailure.RuntimeDirectory);
    }

    private static void Check(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        if (new DirectoryInfo(path).LinkTarget is not null)
            throw Refusal(path, "is a symbolic link, which somebody else may turn elsewhere; remove it");
        if (FileOwner.Find(path) is { } owner && owner != FileOwner.CurrentUser)
            throw Refusal(path, $"belongs to another user (id {owner}); have that user remove it");
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) != 0)
            throw Refusal(path, $"can be used by other users (mode {Convert.ToString((int)mode, 8)}); make it yours alone with chmod 700");
    }

    private static ControlException Refusal(string path, string why, Exception? cause = null) => new(
        $"the runtime directory {path} {why}, or set {EnvironmentVariable} to a folder of your own", ControlFailure.RuntimeDirectory,
            cause);
}
