using System.Globalization;

namespace DaemonProxy.Platform;

/// <summary>A user of a Unix system.</summary>
/// <param name="Name">The user's name; the number when the account files do not have it.</param>
/// <param name="User">The user's number.</param>
/// <param name="Group">The number of the primary group; null when the account files do not have the user.</param>
/// <param name="Home">The home folder; null when the account files do not have the user.</param>
public sealed record Account(string Name, uint User, uint? Group, string? Home)
{
    /// <summary>
    /// The environment variables by which programs find their user's files. Those of whoever started the front end would lead a process of
    /// another user to files that it cannot read.
    /// </summary>
    public IEnumerable<KeyValuePair<string, string>> Variables =>
        [new("HOME", Home ?? "/"), new("USER", Name), new("LOGNAME", Name)];
}

/// <summary>
/// Looks up users and groups of a Unix system by name or number in its account files. Accounts that only a directory service knows are
/// given by number: asking the C library for them would require its structures, which differ between systems.
/// </summary>
public static class Accounts
{
    /// <summary>Returns a user; null when the account files have no such name. A number is a user even if they do not have it.</summary>
    public static Account? User(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        // name:password:uid:gid:comment:home:shell
        foreach (var fields in Read("/etc/passwd", 6))
        {
            if ((fields[0] == name || fields[2] == name) && Number(fields[2]) is { } user && Number(fields[3]) is { } group)
                return new(fields[0], user, group, fields[5].Length > 0 ? fields[5] : null);
        }
        return Number(name) is { } number ? new(name, number, null, null) : null;
    }

    /// <summary>Returns a group's number; null when the account files have no such name.</summary>
    public static uint? Group(string name)
    {
        // name:password:gid:...
        foreach (var fields in Read("/etc/group", 3))
        {
            if (fields[0] == name && Number(fields[2]) is { } group) return group;
        }
        return Number(name);
    }

    /// <summary>The numbers of the groups that the account files list a user as a member of; the primary group may be missing.</summary>
    public static IEnumerable<uint> GroupsWith(string user) =>
        // name:password:gid:member,member
        Read("/etc/group", 4).Where(fields => fields[3].Split(',').Contains(user)).Select(fields => Number(fields[2])).OfType<uint>();

    // The largest number stands for "no user" in setuid(2) and its relatives.
    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue ? number : null;

    private static IEnumerable<string[]> Read(string file, int least) =>
        File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(':')).Where(fields => fields.Length >= least) : [];
}
