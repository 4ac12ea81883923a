using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Fleet;

/// <summary>Warns of what is permitted in a fleet's configuration and is probably not meant.</summary>
public static class FleetWarnings
{
    private const UnixFileMode World = UnixFileMode.OtherRead;

    /// <summary>Returns the warnings for a configuration, one sentence each.</summary>
    public static IEnumerable<string> From(ProxyConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Fleet is not { } fleet) yield break;
        if (fleet.Redis.Password is not null && configuration.File is { } file && FileOwner.LetsRead(file, World))
            yield return $"fleet: the URL below redis holds a password, and every user of this machine can read {file}; put the password "
                + "into a file of its own and name it with password-file, or take the right away (chmod o-r)";
        if (fleet.PasswordFile is { } own && FileOwner.LetsRead(own, World))
            yield return $"fleet: every user of this machine can read the password-file {own}; take the right away (chmod o-r)";
        var limits = configuration.RateLimits.Concat(configuration.Routes.SelectMany(route => route.AllRateLimits.Concat(route.AllUploadRateLimits)));
        if (!limits.Any(limit => limit.SharedBy == LimitSharing.Fleet))
            yield return "fleet: no limit has 'shared-by: fleet', so nothing is shared; add it to a limit, or leave fleet out";
    }
}
