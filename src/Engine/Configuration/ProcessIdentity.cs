using System.Collections.ObjectModel;

namespace DaemonProxy.Configuration;

/// <summary>
/// As whom and with what limits a managed group's processes run (behaviour.md, section 5). Null and 0 mean: as the front end.
/// </summary>
public sealed record ProcessIdentity
{
    /// <summary><c>user</c>: a name or a number.</summary>
    public string? User { get; init; }

    /// <summary><c>group</c>: a name or a number. Default: the user's own.</summary>
    public string? Group { get; init; }

    /// <summary>
    /// <c>supplementary-groups</c>: names or numbers, taken beside <see cref="Group"/>. Default: none, whatever groups the front end has,
    /// where the user or group is another.
    /// </summary>
    public IReadOnlyList<string> SupplementaryGroups { get; init; } = [];

    /// <summary><c>env</c>: environment variables beside the front end's, and instead of its own of the same name. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><c>umask</c>: the permission bits that files are made without; null: the front end's.</summary>
    public int? Umask { get; init; }

    /// <summary><c>lang</c>: the environment variable LANG.</summary>
    public string? Lang { get; init; }

    /// <summary><c>locale</c>: the environment variable LC_ALL.</summary>
    public string? Locale { get; init; }

    /// <summary><c>display-name</c>: the name that ps shows.</summary>
    public string? DisplayName { get; init; }

    /// <summary><c>memory-limit</c>, bytes: the most data memory of a process (RLIMIT_DATA).</summary>
    public long MemoryLimit { get; init; }

    /// <summary><c>virtual-memory-limit</c>, bytes: the most address space of a process (RLIMIT_AS).</summary>
    public long VirtualMemoryLimit { get; init; }

    /// <summary><c>cpu-priority</c>: niceness, -20 (first) to 19 (last).</summary>
    public int? CpuPriority { get; init; }

    /// <summary>The keys of what is set here that only systems with Unix processes can do.</summary>
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
