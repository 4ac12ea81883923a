using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>
/// Warns where a group is served differently from what a reader of its configuration would expect. Such cases are always reported at the
/// start.
/// </summary>
public static class GroupWarnings
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Returns the warnings for a configuration on this system.</summary>
    public static IEnumerable<(EventDefinition Reason, string Message, string Group)> From(ProxyConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return From(configuration, isUnix: !OperatingSystem.IsWindows(),
            isRoot: !OperatingSystem.IsWindows() && FileOwner.CurrentUser == 0);
    }

    /// <summary>Returns the warnings for a configuration on a given system.</summary>
    internal static IEnumerable<(EventDefinition Reason, string Message, string Group)> From(
        ProxyConfiguration configuration, bool isUnix, bool isRoot)
    {
        // Root gives itself up before it starts any daemon.
        isRoot &= configuration.User is null or "root" or "0";
        foreach (var group in configuration.Daemons)
        {
            if (!isUnix && group.Identity.UnixOnly().ToArray() is { Length: > 0 } keys)
                yield return (
                    EventCatalogue.OptionNotHonoured,
                    $"daemon group '{group.Name}': {string.Join(", ", keys)} cannot be honoured on this system; the processes run as the "
                    + "front end does", group.Name);
            if (group.Source == DaemonSource.Address && group.Threads > 0)
                yield return (
                    EventCatalogue.OptionNotHonoured,
                    $"daemon group '{group.Name}': threads has no effect on a server that somebody else runs at "
                        + $"{string.Join(", ", group.AllAddresses)}; leave it "
                    + "out", group.Name);
            foreach (var file in group.Identity.EnvFile.Where(file => isUnix && FileOwner.LetsRead(file, Others)))
                yield return (
                    EventCatalogue.SecretsReadable,
                    $"daemon group '{group.Name}': others than its owner can read {file}, which has its environment variables; chmod 600 "
                        + "it",
                    group.Name);
            // The sample is part of the front end itself.
            if (isRoot && group.Source is DaemonSource.Command or DaemonSource.Application && group.Identity.User is null or "root" or "0")
                yield return (
                    EventCatalogue.RunsAsRoot, $"daemon group '{group.Name}' runs as root; name another user, for example user: www-data",
                    group.Name);
        }
    }
}
