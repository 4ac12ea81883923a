namespace DaemonProxy.Platform;

/// <summary>
/// Folders in which the processes of other users open their sockets, because a front end's own folder is closed to them. Only root makes
/// them, in a folder whose parents only root can write to. Each belongs to one user (mode 0700).
/// </summary>
public sealed class UserFolders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passage = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int WritableByOthers = 0b000_010_010;

    private const uint SameGroup = uint.MaxValue;

    /// <summary>Describes the folders of a front end without making any.</summary>
    /// <param name="instance">Full path of the front end's own folder.</param>
    public UserFolders(string instance) => Path = System.IO.Path.Combine(
        Root, TextHash.Of(instance));

    /// <summary>Full path of the folder that contains the front end's folders, whether or not it exists.</summary>
    public string Path { get; }

    /// <summary>The folder that contains the folders of all front ends.</summary>
    public static string Root => OperatingSystem.IsMacOS() ? "/var/run/daemonproxy" : "/run/daemonproxy";

    /// <summary>Makes the folder of a user, and those above it, if they do not exist.</summary>
    /// <param name="account">The user.</param>
    /// <returns>Full path of the folder.</returns>
    /// <exception cref="IOException">It cannot be made, or somebody else can write to one of the folders above it.</exception>
    public string Open(Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        OpenRoot();
        var folder = System.IO.Path.Combine(Path, $"{account.User}");
        if (FileOwner.Status(folder) is { } found)
        {
            // Left unfinished by a front end that ended in the middle of this.
            if (found.Kind != FileOwner.FolderKind || (found.Owner != 0 && found.Owner != account.User))
                throw Refusal(folder, "is there and belongs to somebody else; remove it");
        }
        else Make(folder, OwnerOnly);
        return SystemCalls.ChangeOwner(folder, account.User, account.Group ?? SameGroup) == 0
            ? folder : throw Refusal(folder, $"cannot be given to user {account.Name}; the front end needs the right to change owners");
    }

    /// <summary>Makes the folder for the second names of sockets, which is root's alone.</summary>
    /// <returns>Full path of the folder.</returns>
    /// <exception cref="IOException">It cannot be made, or somebody else can write to one of the folders above it.</exception>
    public string OpenForClaims()
    {
        OpenRoot();
        var folder = System.IO.Path.Combine(Path, "root");
        if (FileOwner.Status(folder) is null) Make(folder, OwnerOnly);
        CheckClosed(folder);
        return folder;
    }

    /// <summary>
    /// Removes the sockets and the folders that are empty then; does nothing unless this process runs as root. Nothing is removed inside a
    /// folder that a user has made, because that user could turn its path elsewhere meanwhile.
    /// </summary>
    /// <param name="stays">Whether a file of this name stays.</param>
    public void Clear(Func<string, bool> stays)
    {
        ArgumentNullException.ThrowIfNull(stays);
        if (OperatingSystem.IsWindows() || FileOwner.CurrentUser != 0 || !Directory.Exists(Path)) return;
        foreach (var folder in new DirectoryInfo(Path).EnumerateDirectories())
        {
            foreach (var entry in folder.EnumerateFileSystemInfos().Where(entry => !stays(entry.Name))) Quietly(entry.Delete);
            Quietly(folder.Delete);
        }
        Quietly(() => Directory.Delete(Path));
    }

    private void OpenRoot()
    {
        foreach (var folder in new[] { Root, Path })
        {
            if (FileOwner.Status(folder) is null) Make(folder, Passage);
        }
        foreach (var folder in new[] { System.IO.Path.GetFullPath("..", Root), Root, Path }) CheckClosed(folder);
    }

    private static void Make(string folder, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException();
        try
        {
            Directory.CreateDirectory(folder, mode);
            // Whatever the process's umask is.
            File.SetUnixFileMode(folder, mode);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Refusal(
                folder, $"cannot be made ({error.Message.TrimEnd('.')}); let root write to {System.IO.Path.GetDirectoryName(folder)}",
                    error);
        }
    }

    private static void CheckClosed(string folder)
    {
        if (FileOwner.Status(folder) is not { Kind: FileOwner.FolderKind, Owner: 0 } status || (status.Mode & WritableByOthers) != 0)
            throw Refusal(folder, "can be changed by other users than root; remove it, or make it root's alone with chmod 711");
    }

    private static IOException Refusal(string folder, string why, Exception? cause = null) =>
        new($"the folder {folder}, for the sockets of another user's processes, {why}", cause);

    private static void Quietly(Action remove)
    {
        try { remove(); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What a user has put into a folder of that user stays there, and so does the folder.
        }
    }
}
