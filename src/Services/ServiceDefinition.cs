using DaemonProxy.Configuration;

namespace DaemonProxy.Services;

/// <summary>Who a service belongs to.</summary>
public enum ServiceScope
{
    /// <summary>The user: the service starts at the first login, or with the machine if the user may linger.</summary>
    User,

    /// <summary>The machine: the service starts with it. Only an administrator can register it.</summary>
    System,
}

/// <summary>
/// A front end that the system starts, monitors and restarts: everything that the service managers need to know about it.
/// </summary>
public sealed record ServiceDefinition
{
    /// <summary>The front end's name; the service is called <see cref="ServiceName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Full path of the configuration file.</summary>
    public required string ConfigurationFile { get; init; }

    /// <summary>
    /// The host program and its arguments before the verb, as full paths: <c>[daemonproxy]</c>, or <c>[dotnet, daemonproxy.dll]</c>.
    /// </summary>
    public required IReadOnlyList<string> Host { get; init; }

    /// <summary>Who the service belongs to.</summary>
    public ServiceScope Scope { get; init; }

    /// <summary>The account that a system service runs as; null: the manager's default, which is root (on Windows, LocalService).</summary>
    public string? Account { get; init; }

    /// <summary>Full path of the event log; null: <c>events.log</c> in the instance's folder.</summary>
    public string? LogFile { get; init; }

    /// <summary>
    /// Environment variables; a service manager passes on almost none of a console's. No secrets: whoever can log in can read the
    /// definition of a service.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Full path of a file of environment variables that the service manager reads at each start, for secrets; null: none. Only systemd has
    /// such files.
    /// </summary>
    public string? EnvironmentFile { get; init; }

    /// <summary>Whether the front end listens on a port below 1024, which requires a special privilege unless it runs as root.</summary>
    public bool PrivilegedPort { get; init; }

    /// <summary>The service manager's name for the service.</summary>
    public string ServiceName => NameOf(Name);

    /// <summary>One line for lists of services.</summary>
    public string Description => $"DaemonProxy front end '{Name}'";

    /// <summary>The working directory: the configuration's folder, from which its relative paths start.</summary>
    public string WorkingDirectory => Path.GetDirectoryName(ConfigurationFile)!;

    /// <summary>The whole command line, one element per argument.</summary>
    public IReadOnlyList<string> Command =>
    [
        .. Host, "serve", ConfigurationFile, "--name", Name, .. LogFile is { } log ? (IEnumerable<string>)["--log", log] : [], "--service",
    ];

    /// <summary>The command line that applies a changed configuration.</summary>
    public IReadOnlyList<string> ReloadCommand => [.. Host, "restart", Name];

    /// <summary>The service manager's name for the front end with a given name.</summary>
    public static string NameOf(string name) => $"daemonproxy-{name}";

    /// <summary>Returns this definition if a service manager's file can express it.</summary>
    /// <param name="readsFiles">Whether the service manager reads environment files.</param>
    /// <exception cref="ServiceException">
    /// A path or a variable contains a line break or another control character, a variable has no valid name, or it holds a secret.
    /// </exception>
    internal ServiceDefinition Checked(bool readsFiles)
    {
        if (EnvironmentFile is not null && !readsFiles)
        {
            throw new ServiceException(
                "this system's service manager reads no file of environment variables; name it under env-file of the daemon group in the "
                + "configuration", ServiceFailure.Invalid);
        }
        foreach (var name in Environment.Keys)
        {
            if (!VariableName.Allows(name))
            {
                throw new ServiceException(
                    $"'{name}' cannot be the name of an environment variable; {VariableName.Sentence}", ServiceFailure.Invalid);
            }
            if (SecretName.IsLikely(name))
            {
                throw new ServiceException(
                    $"{name} looks like a secret, and others can read the definition of a service; put it into a file under env-file of "
                        + "the "
                    + $"daemon group{(readsFiles ? ", or into one for -EnvironmentFile" : "")}", ServiceFailure.Invalid);
            }
        }
        foreach (var text in Command.Concat(Environment.Keys).Concat(Environment.Values).Append(Account ?? "")
            .Append(EnvironmentFile ?? ""))
        {
            if (text.Any(char.IsControl))
                throw new ServiceException(
                    $"'{new string([.. text.Select(c => char.IsControl(c) ? '?' : c)])}' has a line break or a control character in it; "
                    + "rename it", ServiceFailure.Invalid);
        }

        return this;
    }
}
