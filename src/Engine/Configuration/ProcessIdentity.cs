using System.Collections.ObjectModel;

namespace DaemonProxy.Configuration;

/// <summary>
/// The user and the limits that a managed group's processes run with (behaviour.md, section 5). Null and 0 mean: as the front end.
/// </summary>
public sealed record ProcessIdentity
{
    /// <summary><c>user</c>: a name or a number.</summary>
    public string? User { get; init; }

    /// <summary><c>group</c>: a name or a number. Default: the user's own.</summary>
    public string? Group { get; init; }

    /// <summary>
    /// <c>supplementary-groups</c>: names or numbers, in addition to <see cref="Group"/>. Default: none, whatever groups the front end has,
    /// when the user or group differs from its own.
    /// </summary>
    public IReadOnlyList<string> SupplementaryGroups { get; init; } = [];

    /// <summary><c>env-file</c>: full paths of files with further environment variables, which <see cref="Env"/> overrides.</summary>
    public IReadOnlyList<string> EnvFile { get; init; } = [];

    /// <summary>
    /// What <see cref="EnvFile"/> held when the configuration was read; a later file overrides an earlier one. Secrets: they are given to
    /// the processes, and shown and logged nowhere.
    /// </summary>
    public IReadOnlyDictionary<string, string> FileVariables { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><c>env</c>: environment variables added to the front end's, overriding those of the same name. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><c>umask</c>: the permission bits cleared on new files; null: the front end's.</summary>
    public int? Umask { get; init; }

    /// <summary><c>lang</c>: the environment variable LANG.</summary>
    public string? Lang { get; init; }

    /// <summary><c>locale</c>: the environment variable LC_ALL.</summary>
    public string? Locale { get; init; }

    /// <summary><c>display-name</c>: the name that ps shows.</summary>
    public string? DisplayName { get; init; }

    /// <summary><c>memory-limit</c>, bytes: the largest data memory of a process (RLIMIT_DATA).</summary>
    public long MemoryLimit { get; init; }

    /// <summary><c>virtual-memory-limit</c>, bytes: the largest address space of a process (RLIMIT_AS).</summary>
    public long VirtualMemoryLimit { get; init; }

    /// <summary><c>cpu-priority</c>: niceness, -20 (highest priority) to 19 (lowest).</summary>
    public int? CpuPriority { get; init; }

    /// <summary>The keys of the settings made here that work only on systems with Unix processes.</summary>
    public IEnumerable<string> UnixOnly()
    {
        if (User is not null) yield return "user";
        if (Group is not null) yield return "group";
        if (SupplementaryGroups.Count > 0) yield return "supplementary-groups";
        if (Umask is not null) yield return "umask";
        if (DisplayName is not null) yield return "display-name";
        if (MemoryLimit > 0) yield return "memory-limit";
        if (VirtualMemoryLimit > 0) yield return "virtual-memory-limit";
        if (CpuPriority is not null) yield return "cpu-priority";
    }
}
