using System.Globalization;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Looks up users and groups of a Unix system by name or number in its account files. Accounts that only a directory service knows are
/// given by number: asking the C library for them would require its structures, which differ between systems.
/// </summary>
internal static class Accounts
{
    /// <summary>
    /// Returns a user's number and that of its primary group (null when the user was given by a number that is not in the files).
    /// </summary>
    public static (uint User, uint? Group)? User(string name)
    {
        // name:password:uid:gid:...
        foreach (var fields in Read("/etc/passwd", 4))
        {
            if ((fields[0] == name || fields[2] == name) && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out var user)
                && uint.TryParse(fields[3], CultureInfo.InvariantCulture, out var group)) return (user, group);
        }
        return uint.TryParse(name, CultureInfo.InvariantCulture, out var number) ? (number, null) : null;
    }

    public static uint? Group(string name)
    {
        // name:password:gid:...
        foreach (var fields in Read("/etc/group", 3))
        {
            if (fields[0] == name && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out var group)) return group;
        }
        return uint.TryParse(name, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static IEnumerable<string[]> Read(string file, int least) =>
        File.Exists(file) ? File.ReadLines(file).Select(line => line.Split(':')).Where(fields => fields.Length >= least) : [];
}
