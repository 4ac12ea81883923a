namespace DaemonProxy.Control;

/// <summary>How to start a front end in a process of its own.</summary>
public sealed record LaunchOptions
{
    /// <summary>Full path of the host: <c>daemonproxy</c>, <c>daemonproxy.exe</c> or <c>daemonproxy.dll</c>.</summary>
    public required string HostPath { get; init; }

    /// <summary>Full path of the configuration file; null: the built-in sample configuration.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>Overrides the configuration's name; null: keeps it.</summary>
    public string? Name { get; init; }

    /// <summary>Overrides the configuration's listen addresses; empty: keeps them.</summary>
    public IReadOnlyList<string> Listen { get; init; } = [];

    /// <summary>How long the front end may take until it serves. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A front end that could not be started, or a control request that was refused; the message says what is wrong and what to do.</summary>
public sealed class ControlException(string message) : Exception(message);
