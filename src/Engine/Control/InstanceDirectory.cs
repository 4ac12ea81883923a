using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Control;

/// <summary>
/// A running front end's folder in the <see cref="RuntimeDirectory"/>: its control socket, its daemons' sockets and its event log. The
/// front end holds the folder's lock for as long as it lives; a folder whose lock nobody holds belonged to a dead front end.
/// </summary>
public sealed partial class InstanceDirectory : IDisposable
{
    /// <summary>The file name of the event log, which outlives the front end: it records why a front end ended.</summary>
    public const string EventLog = "events.log";

    private const string LockName = "instance.lock";
    private const string ControlSocketName = "control.sock";
    private const string IdentityName = "instance.json";

    private RuntimeDirectory _runtime;
    private UserFolders _userFolders;
    private string _sockets;
    private FileLock? _lock;
    private string? _record;

    private InstanceDirectory(RuntimeDirectory runtime, string name, FileLock held, string? record)
    {
        _runtime = runtime;
        _lock = held;
        _record = record;
        Name = name;
        _sockets = Path;
        _userFolders = new UserFolders(Path);
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The folder's full path. <see cref="Restore"/> may change it.</summary>
    public string Path => System.IO.Path.Combine(_runtime.Path, Name);

    /// <summary>Full path of the control socket; the front end creates it with mode 0600.</summary>
    public string ControlSocket => RuntimeDirectory.SocketPath(Path, ControlSocketName);

    /// <summary>Full path of the event log; it may remain from an earlier front end of this name.</summary>
    public string EventLogFile => System.IO.Path.Combine(_sockets, EventLog);

    /// <summary>Full path of the socket for a process of a managed daemon group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="number">The process's number, counted from the front end's start; each process has its own socket.</param>
    /// <exception cref="ControlException">The path is longer than the system allows.</exception>
    public string DaemonSocket(string group, long number) => DaemonSocketIn(_sockets, group, number);

    /// <summary>
    /// Has everything that the front end opens from now on in a folder of the user that it is about to become: its daemons' sockets, which
    /// only that user can reach then, and its event log. The control socket and the lock stay in <see cref="Path"/>, which root keeps.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public void OpenFor(Account account)
    {
        _sockets = _userFolders.Open(account);
        var log = System.IO.Path.Combine(Path, EventLog);
        if (File.Exists(log)) File.Move(log, $"{log}.1", overwrite: true);
        File.CreateSymbolicLink(log, EventLogFile);
    }

    /// <summary>
    /// Full path of the socket that a process of another user opens, and the name of it that the front end connects to. For a front end
    /// that runs as root.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="number">The process's number, counted from the front end's start; each process has its own socket.</param>
    /// <param name="account">The user.</param>
    /// <exception cref="ControlException">The path is longer than the system allows.</exception>
    /// <exception cref="IOException">The folder of the user's sockets cannot be made.</exception>
    public (string Socket, SocketClaim Claim) UserSocket(string group, long number, Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return (DaemonSocketIn(_userFolders.Open(account), group, number),
            new(DaemonSocketIn(_userFolders.OpenForClaims(), group, number), account.User));
    }

    private static string DaemonSocketIn(string folder, string group, long number)
    {
        RuntimeDirectory.SocketPath(folder, WorkerSocketName.Longest(group));
        return RuntimeDirectory.SocketPath(folder, WorkerSocketName.From(group, number));
    }

    /// <summary>Claims a name for the front end in this process, and removes the remains of a dead front end of that name.</summary>
    /// <param name="name">The front end's name.</param>
    /// <param name="runtime">The runtime directory; null: the user's own.</param>
    /// <exception cref="ControlException">The name is taken or invalid, the runtime directory cannot be used, or its path is too long for a
    /// socket.</exception>
    public static InstanceDirectory Acquire(string name, RuntimeDirectory? runtime = null)
    {
        CheckedName(name);
        var isListed = runtime is null;
        runtime ??= RuntimeDirectory.Open();
        // Another session of this user may serve under this name from another runtime directory.
        if (isListed && InstanceRegistry.Directories().FirstOrDefault(other => other.Path != runtime.Path && IsRunning(name, other)) is
            { } taken)
            throw AlreadyRunning(name, System.IO.Path.Combine(taken.Path, name));
        return new InstanceDirectory(runtime, name, Claim(name, runtime), isListed ? InstanceRegistry.Add(name, runtime) : null);
    }

    /// <summary>Whether the folder still is where consoles look for it, with its control socket.</summary>
    public bool IsThere => File.Exists(ControlSocket) && File.Exists(System.IO.Path.Combine(Path, LockName));

    /// <summary>
    /// Makes the folder again after somebody has removed it, as logging out removes <c>XDG_RUNTIME_DIR</c>: in its place, or, when nothing
    /// can be made there, in the folder that sessions without such a directory use. The sockets are the caller's to open again.
    /// </summary>
    /// <exception cref="ControlException">It cannot be made, or another front end has taken the name.</exception>
    public void Restore()
    {
        RuntimeDirectory runtime;
        try
        {
            runtime = RuntimeDirectory.Open(_runtime.Path);
        }
        catch (ControlException) when (_record is not null)
        {
            runtime = RuntimeDirectory.Open(RuntimeDirectory.WithoutSession);
        }

        var held = IsHeldIn(runtime) ? null : Claim(Name, runtime);
        _runtime = runtime;
        _sockets = Path;
        _userFolders = new UserFolders(Path);
        if (held is not null)
            Interlocked.Exchange(ref _lock, held)?.Dispose();
        if (_record is null)
            return;
        InstanceRegistry.Remove(_record);
        _record = InstanceRegistry.Add(Name, runtime);
    }

    // A folder that has lost its control socket alone still has the lock that this process holds.
    private bool IsHeldIn(RuntimeDirectory runtime) =>
        runtime.Path == _runtime.Path && ProcessOf(Path) == Environment.ProcessId
        && File.Exists(System.IO.Path.Combine(Path, LockName));

    private static FileLock Claim(string name, RuntimeDirectory runtime)
    {
        var folder = System.IO.Path.Combine(runtime.Path, name);
        RuntimeDirectory.SocketPath(folder, ControlSocketName);
        using var change = runtime.LockForChange();
        try
        {
            MakeFolder(folder);
            if (FileLock.TryTake(System.IO.Path.Combine(folder, LockName)) is not { } held)
                throw AlreadyRunning(name, folder);
            try
            {
                Clear(folder, andLock: false);
                RemoveLink(System.IO.Path.Combine(folder, EventLog));
                WriteIdentity(folder, new InstanceIdentity(Environment.ProcessId, name));
            }
            catch
            {
                held.Dispose();
                throw;
            }

            return held;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ControlException($"{folder} cannot be written to ({error.Message.TrimEnd('.')}); make it yours, or remove it",
                ControlFailure.RuntimeDirectory, error);
        }
    }

    /// <summary>The names of the running front ends, sorted. Removes the remains of dead ones.</summary>
    /// <exception cref="ControlException">The runtime directory cannot be used.</exception>
    public static IReadOnlyList<string> List(RuntimeDirectory? runtime = null)
    {
        return [.. DirectoriesOf(runtime).SelectMany(NamesIn).Distinct().Order(StringComparer.Ordinal)];
    }

    private static List<string> NamesIn(RuntimeDirectory runtime)
    {
        using var change = runtime.LockForChange();
        return [.. Directory.EnumerateDirectories(runtime.Path).Where(InUse).Select(folder => System.IO.Path.GetFileName(folder))];
    }

    private static IReadOnlyList<RuntimeDirectory> DirectoriesOf(RuntimeDirectory? runtime) =>
        runtime is not null ? [runtime] : InstanceRegistry.Directories();

    /// <summary>
    /// The runtime directory in which a front end of this name is running, or else one that it may have been running in; null when this
    /// user has none.
    /// </summary>
    /// <exception cref="ControlException">The name is not valid, or the runtime directory cannot be used.</exception>
    internal static RuntimeDirectory? DirectoryOf(string name)
    {
        var directories = InstanceRegistry.Directories();
        return directories.Count == 1 ? directories[0]
            : directories.FirstOrDefault(runtime => IsRunning(name, runtime)) ?? directories.FirstOrDefault();
    }

    /// <summary>The event log that a front end of this name writes, or has left in its folder; null when there is none.</summary>
    /// <exception cref="ControlException">The name is not valid, or the runtime directory cannot be used.</exception>
    public static string? FindEventLog(string name, RuntimeDirectory? runtime = null)
    {
        CheckedName(name);
        runtime ??= DirectoryOf(name);
        if (runtime is null || System.IO.Path.Combine(runtime.Path, name, EventLog) is var file && !File.Exists(file)) return null;
        return File.ResolveLinkTarget(file, returnFinalTarget: false)?.FullName ?? file;
    }

    /// <summary>Whether a front end of this name is running.</summary>
    /// <exception cref="ControlException">The name is not valid, or the runtime directory cannot be used.</exception>
    public static bool IsRunning(string name, RuntimeDirectory? runtime = null)
    {
        CheckedName(name);
        foreach (var directory in DirectoriesOf(runtime))
        {
            using var change = directory.LockForChange();
            if (InUse(System.IO.Path.Combine(directory.Path, name)))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Removes everything that an ended front end has left, including its event log; does nothing while the front end is running.
    /// </summary>
    /// <exception cref="ControlException">The name is not valid, or the runtime directory cannot be used.</exception>
    public static void Forget(string name, RuntimeDirectory? runtime = null)
    {
        CheckedName(name);
        runtime ??= DirectoryOf(name);
        if (runtime is null)
            return;
        using var change = runtime.LockForChange();
        var folder = System.IO.Path.Combine(runtime.Path, name);
        if (InUse(folder) || !Directory.Exists(folder))
            return;
        new UserFolders(folder).Clear(_ => false);
        Quietly(() => Directory.Delete(folder, recursive: true));
    }

    /// <summary>Releases the name and removes everything except the event log.</summary>
    public void Dispose()
    {
        if (_isBorrowed)
        {
            Leave();
            return;
        }

        if (Interlocked.Exchange(ref _lock, null) is not { } held)
            return;
        InstanceRegistry.Remove(_record);
        try
        {
            using var change = _runtime.LockForChange();
            Clear(Path, andLock: false);
            held.Dispose();
            Clear(Path, andLock: true);
        }
        catch (Exception error) when (error is ControlException or IOException or UnauthorizedAccessException)
        {
            // Anything that cannot be removed now is stale as soon as the lock is free; the next process to look removes it.
            held.Dispose();
        }
    }

    /// <summary>The process of a running front end, as recorded in its folder; null when nothing is recorded.</summary>
    internal static int? ProcessOf(string folder)
    {
        try
        {
            var json = File.ReadAllText(System.IO.Path.Combine(folder, IdentityName));
            return JsonSerializer.Deserialize(json, InstanceIdentityJson.Default.InstanceIdentity)?.ProcessId;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The control socket of the front end with a name, whether or not it is running.</summary>
    internal static string ControlSocketOf(string name, RuntimeDirectory runtime) =>
        RuntimeDirectory.SocketPath(System.IO.Path.Combine(runtime.Path, name), ControlSocketName);

    /// <summary>Returns a name that is valid as a folder's name.</summary>
    /// <exception cref="ControlException">It is not valid: see <see cref="NameRule"/>.</exception>
    internal static string CheckedName(string name) => NameRule.Allows(name)
        ? name
        : throw new ControlException($"'{name}' cannot be a front end's name; {NameRule.Sentence}", ControlFailure.Invalid);

    // Called with the runtime directory locked for change, so that no starting process ever sees a probe that takes the lock.
    private static bool InUse(string folder)
    {
        var file = System.IO.Path.Combine(folder, LockName);
        if (!File.Exists(file))
            return false;
        try
        {
            using (var taken = FileLock.TryTake(file))
            {
                if (taken is null)
                    return true;
            }

            Clear(folder, andLock: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that only another user can remove is not a running front end of ours.
        }

        return false;
    }

    // The log of an earlier front end that became another user. Whoever writes here now must not be led to a file of that user.
    private static void RemoveLink(string log)
    {
        if (new FileInfo(log).LinkTarget is not null)
            File.Delete(log);
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Clear(string folder, bool andLock)
    {
        new UserFolders(folder).Clear(Stays);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (Stays(entry.Name) || (entry.Name == LockName && !andLock))
                continue;
            Quietly(() =>
            {
                if (entry is DirectoryInfo { LinkTarget: null } inner)
                    inner.Delete(recursive: true);
                else
                    entry.Delete();
            });
        }

        if (andLock && !Directory.EnumerateFileSystemEntries(folder).Any())
            Quietly(() => Directory.Delete(folder));
    }

    // A front end that has been replaced needs the sockets of its workers until it has answered what it has accepted, and nobody else
    // knows of it once its successor has died.
    private static bool Stays(string name) =>
        name.StartsWith(EventLog, StringComparison.Ordinal) || WorkerSocketName.IsOfOtherRunning(name);

    private static void Quietly(Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Windows: another process still has it open. It is stale, and is removed next time.
        }
    }

    // Written beside it and renamed: while a front end is replaced, somebody may read it.
    private static void WriteIdentity(string folder, InstanceIdentity identity)
    {
        var file = System.IO.Path.Combine(folder, IdentityName);
        File.WriteAllText($"{file}~", JsonSerializer.Serialize(identity, InstanceIdentityJson.Default.InstanceIdentity));
        File.Move($"{file}~", file, overwrite: true);
    }

    private static ControlException AlreadyRunning(string name, string folder)
    {
        var process = ProcessOf(folder) is { } id ? $" (process {id})" : "";
        return new ControlException(
            $"'{name}' is already running{process}; stop it with daemonproxy stop {name} (Stop-DaemonProxy {name} in PowerShell), or "
                + "choose "
                + "another name with --name",
            ControlFailure.AlreadyRunning);
    }
}

/// <summary>The process that holds an instance's folder, recorded for whoever finds the folder locked.</summary>
internal sealed record InstanceIdentity(int ProcessId, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InstanceIdentity))]
internal sealed partial class InstanceIdentityJson : JsonSerializerContext;
