namespace DaemonProxy.Services;

/// <summary>Whose service it is.</summary>
public enum ServiceScope
{
    /// <summary>The user's own: started with the first login, or with the machine where the user may linger.</summary>
    User,

    /// <summary>The machine's: started with it. Takes an administrator to register.</summary>
    System,
}

/// <summary>A front end that the system starts, watches and starts again: what all service managers need to know of it.</summary>
public sealed record ServiceDefinition
{
    /// <summary>The front end's name; the service is called <see cref="ServiceName"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Full path of the configuration file.</summary>
    public required string ConfigurationFile { get; init; }

    /// <summary>
    /// The host program and what comes before its verb, full paths: <c>[daemonproxy]</c>, or <c>[dotnet, daemonproxy.dll]</c>.
    /// </summary>
    public required IReadOnlyList<string> Host { get; init; }

    /// <summary>Whose it is.</summary>
    public ServiceScope Scope { get; init; }

    /// <summary>The account that a system service runs as; null: the manager's default, which is root (on Windows, LocalService).</summary>
    public string? Account { get; init; }

    /// <summary>Full path of the event log; null: <c>events.log</c> in the instance's folder.</summary>
    public string? LogFile { get; init; }

    /// <summary>Environment variables: a manager gives a service next to none of a console's.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether it listens on a port below 1024, which takes a right of its own where it does not run as root.</summary>
    public bool PrivilegedPort { get; init; }

    /// <summary>What the service manager calls it.</summary>
    public string ServiceName => NameOf(Name);

    /// <summary>One line for people who list services.</summary>
    public string Description => $"DaemonProxy front end '{Name}'";

    /// <summary>The folder it runs in: the configuration's, as relative paths in it mean.</summary>
    public string WorkingDirectory => Path.GetDirectoryName(ConfigurationFile)!;

    /// <summary>The whole command line, an element an argument.</summary>
    public IReadOnlyList<string> Command =>
    [
        .. Host, "serve", ConfigurationFile, "--name", Name, .. LogFile is { } log ? (IEnumerable<string>)["--log", log] : [], "--service",
    ];

    /// <summary>The command line that brings a changed configuration into force.</summary>
    public IReadOnlyList<string> ReloadCommand => [.. Host, "restart", Name];

    /// <summary>What a service manager calls the front end of a name.</summary>
    public static string NameOf(string name) => $"daemonproxy-{name}";

    /// <summary>Returns it when a service manager's file can say it.</summary>
    /// <exception cref="ServiceException">A path, or a variable, has a line break or another control character in it.</exception>
    internal ServiceDefinition Checked()
    {
        foreach (var text in Command.Concat(Environment.Keys).Concat(Environment.Values).Append(Account ?? ""))
        {
            if (text.Any(char.IsControl))
                throw new ServiceException(
                    $"'{new string([.. text.Select(c => char.IsControl(c) ? '?' : c)])}' has a line break or a control character in it; "
                    + "rename it", ServiceFailure.Invalid);
        }

        return this;
    }
}
