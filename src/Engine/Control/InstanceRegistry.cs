using System.Globalization;
using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Control;

/// <summary>
/// Remembers in which runtime directory each of a user's front ends keeps its sockets, in files below the user's home. A session chooses
/// its runtime directory by its environment, and cron, CI and sudo have another one than the console that started the front end.
/// </summary>
/// <remarks>
/// Not below <c>XDG_STATE_HOME</c>, which those sessions lack as well. Under <see cref="RuntimeDirectory.EnvironmentVariable"/> there is no
/// registry: whoever names a folder means that one alone. On Windows the runtime directory does not depend on the session.
/// </remarks>
internal static class InstanceRegistry
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Full path of the registry's folder; null when there is none.</summary>
    public static string? Folder =>
        !OperatingSystem.IsWindows()
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(RuntimeDirectory.EnvironmentVariable))
        && Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home && Path.IsPathFullyQualified(home)
            ? Path.Combine(home, ".local", "state", "daemonproxy", "instances") : null;

    /// <summary>Records the front end in this process.</summary>
    /// <returns>
    /// The record's file, for <see cref="Remove"/>; null when none could be written, as for an account without a home: the front end serves
    /// all the same.
    /// </returns>
    public static string? Add(string name, RuntimeDirectory runtime)
    {
        if (OperatingSystem.IsWindows() || Folder is not { } folder)
            return null;
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            if (!IsOurs(folder))
                return null;
            // Two runtime directories may have front ends of one name only if one of them was started without the registry; each has its
            // record.
            var file = Path.Combine(folder, $"{name}.{TextHash.Of(runtime.Path)}");
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            // Written beside it and renamed, so that nobody reads half of it.
            var draft = $"{file}~{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
            File.Delete(draft);
            using (var stream = new FileStream(draft, options))
                stream.Write(Encoding.UTF8.GetBytes($"{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}\n{runtime.Path}\n"));
            File.Move(draft, file, overwrite: true);
            return file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes a record; does nothing when it is gone.</summary>
    public static void Remove(string? file)
    {
        try
        {
            if (file is not null)
                File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Its process ends, and whoever reads it next finds it stale.
        }
    }

    /// <summary>
    /// The runtime directories of this user's front ends: this session's, and those that others have recorded. Removes the records of
    /// processes that have ended.
    /// </summary>
    /// <exception cref="ControlException">This session's runtime directory cannot be used.</exception>
    public static IReadOnlyList<RuntimeDirectory> Directories()
    {
        var found = new List<RuntimeDirectory>();
        if (RuntimeDirectory.OpenExisting() is { } own)
            found.Add(own);
        if (Folder is not { } folder || !Directory.Exists(folder) || !IsOurs(folder))
            return found;
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (Read(file) is { } path && found.TrueForAll(runtime => runtime.Path != path) && Open(path) is { } other)
                found.Add(other);
        }

        return found;
    }

    // Whoever can write to the folder or a record decides whose socket this user talks to. The runtime directory itself is checked as well.
    private static bool IsOurs(string path) =>
        FileOwner.Find(path) == FileOwner.CurrentUser
        && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0);

    private static string? Read(string file)
    {
        try
        {
            if (!IsOurs(file) || File.ReadAllLines(file) is not [var process, var path, ..])
                return null;
            if (int.TryParse(process, CultureInfo.InvariantCulture, out var id) && ProcessLife.IsRunning(id))
                return Path.IsPathFullyQualified(path) ? path : null;
            Remove(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It was removed meanwhile.
        }

        return null;
    }

    private static RuntimeDirectory? Open(string path)
    {
        try
        {
            return RuntimeDirectory.OpenExisting(path);
        }
        catch (ControlException)
        {
            // One that others may write to is not asked.
            return null;
        }
    }
}
