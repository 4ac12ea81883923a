using System.Runtime.InteropServices;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The user that a front end becomes once root has opened what only root can open (<c>user</c> and <c>group</c> at the top level, as in
/// Apache). There is no way back: neither the front end nor anything that it starts can become root again.
/// </summary>
/// <param name="Account">The user.</param>
/// <param name="Group">The number of the group.</param>
internal sealed record FrontEndUser(Account Account, uint Group)
{
    /// <summary>Finds the user; null: the front end stays what it is.</summary>
    /// <exception cref="ServerStartException">This process may not become another user.</exception>
    /// <exception cref="IOException">There is no such user or group.</exception>
    public static FrontEndUser? Find(ProxyConfiguration configuration)
    {
        if (configuration.User is not { } name) return null;
        if (OperatingSystem.IsWindows())
            throw new ServerStartException("user and group at the top level need a Unix system; leave them out");
        if (ProcessAccount.Find(new() { User = name, Group = configuration.Group }) is not { } account) return null;
        if (FileOwner.CurrentUser != 0)
            throw new ServerStartException(
                $"only root can become user {name}; start the front end as root, or leave user out at the top level");
        if ((configuration.Group is { } group ? Accounts.Group(group) : account.Group) is not { } number)
            throw new ServerStartException($"the account files do not say which group user {name} has; name one in group at the top level");
        return new(account, number);
    }

    /// <summary>Becomes the user, with the user's own supplementary groups and none of root's.</summary>
    /// <exception cref="ServerStartException">The system refuses.</exception>
    public void Become()
    {
        // The C library changes the identity of every thread of the process, not only of this one.
        uint[] groups = [Group, .. Accounts.GroupsWith(Account.Name).Except([Group])];
        if (SystemCalls.SetGroups((nuint)groups.Length, groups) != 0) throw Refusal("its groups cannot be taken");
        if (SystemCalls.SetGroup(Group) != 0) throw Refusal("its group cannot be taken");
        if (SystemCalls.SetUser(Account.User) != 0) throw Refusal("the system refuses");
        if (FileOwner.CurrentUser != Account.User || SystemCalls.SetUser(0) == 0)
            throw new ServerStartException($"the front end became user {Account.Name} and could still become root again");
        foreach (var (name, value) in Account.Variables)
        {
            Environment.SetEnvironmentVariable(name, value);
            // For Python, which reads the C library's environment.
            _ = SystemCalls.SetVariable(name, value, overwrite: 1);
        }
    }

    private ServerStartException Refusal(string why) =>
        new($"the front end cannot become user {Account.Name}: {why} ({Marshal.GetLastPInvokeErrorMessage()})");
}
