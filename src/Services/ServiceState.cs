namespace DaemonProxy.Services;

/// <summary>The state, after a change, of a front end that is registered with the system's service manager.</summary>
/// <param name="Name">The front end's name.</param>
/// <param name="ServiceName">The service manager's name for it: <c>daemonproxy-site.service</c>.</param>
/// <param name="Manager"><c>systemd</c>, <c>launchd</c> or <c>Windows</c>.</param>
/// <param name="Scope"><c>User</c> or <c>System</c>.</param>
/// <param name="Path">Full path of the file that describes it; the registry key on Windows.</param>
/// <param name="Changed">Whether anything was written; false if it was up to date already.</param>
/// <param name="Enabled">Whether it starts by itself.</param>
/// <param name="Running">Whether it runs.</param>
/// <param name="Remarks">What the user should know, one sentence each.</param>
public sealed record ServiceState(
    string Name, string ServiceName, string Manager, string Scope, string Path, bool Changed, bool Enabled, bool Running,
        IReadOnlyList<string> Remarks)
{
    /// <summary>The configuration file; null when it has just been unregistered.</summary>
    public string? ConfigurationFile { get; init; }
}
