namespace DaemonProxy.Configuration;

/// <summary>What becomes of a fleet's limits while its Redis server does not answer.</summary>
public enum FleetLoss
{
    /// <summary>The front end takes the rate divided by the members that were there last; the default.</summary>
    Local,

    /// <summary>The front end keeps the share that it had last.</summary>
    Keep,

    /// <summary>The limits do not hold.</summary>
    Unlimited,

    /// <summary>New responses that obey such a limit are refused with 503; those under way keep the share that they had last.</summary>
    Refuse,
}

/// <summary>The front ends that share rate limits, and the Redis server on which they agree.</summary>
public sealed record FleetOptions
{
    /// <summary><c>redis</c>: where the server is.</summary>
    public required FleetAddress Redis { get; init; }

    /// <summary><c>name</c>: front ends with the same name on the same server share their limits. Default <c>daemonproxy</c>.</summary>
    public string Name { get; init; } = "daemonproxy";

    /// <summary><c>username</c>: the user of the server's access list; null: its default user.</summary>
    public string? Username { get; init; }

    /// <summary><c>password-file</c>: full path of a file whose first line is the password; null: none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary><c>password-env</c>: the environment variable that holds the password; null: none.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary><c>tls-ca</c>: full path of a PEM file with the authorities that a <c>rediss</c> server's certificate is checked against;
    /// null: those of the system.</summary>
    public string? TlsAuthorities { get; init; }

    /// <summary><c>fleet-timeout</c>, 100 ms to 30 s: how long the last share holds without an answer of the server. Default 2 s.</summary>
    public TimeSpan FleetTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>on-loss</c>: what holds after that. Default <see cref="FleetLoss.Local"/>.</summary>
    public FleetLoss OnLoss { get; init; }
}
