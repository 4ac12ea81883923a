using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>Checks that the users and groups that a configuration names exist on this system.</summary>
public static class AccountCheck
{
    /// <summary>The mistakes found; none on Windows, where these keys are not honoured.</summary>
    public static IEnumerable<ConfigurationError> Check(ProxyConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (OperatingSystem.IsWindows()) return [];
        var own = (Owner: "", Identity: new ProcessIdentity { User = configuration.User, Group = configuration.Group });
        return configuration.Daemons.Select(group => (Owner: $"daemon group '{group.Name}': ", group.Identity)).Prepend(own)
            .Select(each => ProcessAccount.Missing(each.Identity) is { } missing ? each.Owner + missing : null).OfType<string>()
            .Select(message => new ConfigurationError(configuration.File ?? "", 0, 0, message));
    }
}
