using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>The account that the processes of a group run under, where it differs from the front end's.</summary>
public static class ProcessAccount
{
    /// <summary>Finds the account; null: the front end's own.</summary>
    /// <exception cref="IOException">There is no such user or group; the message names the key.</exception>
    public static Account? Find(ProcessIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (OperatingSystem.IsWindows()) return null;
        if (Missing(identity, out var account) is { } mistake) throw new IOException(mistake);
        return account is not null && account.User != FileOwner.CurrentUser ? account : null;
    }

    /// <summary>The sentence about a user or group that does not exist; null when all of them do.</summary>
    public static string? Missing(ProcessIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return Missing(identity, out _);
    }

    private static string? Missing(ProcessIdentity identity, out Account? account)
    {
        account = identity.User is { } user ? Accounts.User(user) : null;
        if (identity.User is not null && account is null)
            return $"there is no user {identity.User}; create it, or name one that is there in user";
        if (identity.Group is { } group && Accounts.Group(group) is null)
            return $"there is no group {group}; create it, or name one that is there in group";
        return identity.SupplementaryGroups.FirstOrDefault(name => Accounts.Group(name) is null) is { } missing
            ? $"there is no group {missing}; create it, or name one that is there in supplementary-groups" : null;
    }
}
