using DaemonProxy.Services;

namespace DaemonProxy.Cmdlets;

/// <summary>A front end that is registered with the system's service manager.</summary>
public sealed class ServiceInfo
{
    internal ServiceInfo(ServiceState state, string? configurationFile)
    {
        Name = state.Name;
        ServiceName = state.ServiceName;
        Manager = state.Manager;
        Scope = state.Scope.ToString();
        Path = state.Path;
        ConfigurationFile = configurationFile;
        Changed = state.Changed;
        Enabled = state.Enabled;
        Running = state.Running;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>What the service manager calls it: <c>daemonproxy-site.service</c>.</summary>
    public string ServiceName { get; }

    /// <summary><c>systemd</c>, <c>launchd</c> or <c>Windows</c>.</summary>
    public string Manager { get; }

    /// <summary><c>User</c> or <c>System</c>.</summary>
    public string Scope { get; }

    /// <summary>The file that describes it to the service manager; the registry key on Windows.</summary>
    public string Path { get; }

    /// <summary>The configuration file; null when it has just been unregistered.</summary>
    public string? ConfigurationFile { get; }

    /// <summary>Whether anything was written: not when the same was there already.</summary>
    public bool Changed { get; }

    /// <summary>Whether it starts by itself.</summary>
    public bool Enabled { get; }

    /// <summary>Whether it runs.</summary>
    public bool Running { get; }
}
