using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>A running front end.</summary>
public sealed class DaemonProxyInfo
{
    internal DaemonProxyInfo(InstanceStatus status)
    {
        Name = status.Name;
        ProcessId = status.ProcessId;
        State = status.State.ToString();
        StartTime = status.StartTime.LocalDateTime;
        Uri = [.. status.Uri];
        ConfigurationFile = status.ConfigurationFile;
        LogFile = status.LogFile;
        Version = status.Version;
        RestrictEmbedded = status.RestrictEmbedded;
        ActiveRequests = status.ActiveRequests;
        Python = status.Python;
        Requests = status.Requests;
        Daemons = [.. status.Daemons.Select(daemon => new DaemonInfo(status.Name, daemon))];
        Routes = [.. status.Routes.Select(route => RateLimitInfo.Of(status.Name, route).First())];
    }

    /// <summary>The name by which every console finds it.</summary>
    public string Name { get; }

    /// <summary>Its process.</summary>
    public int ProcessId { get; }

    /// <summary><c>Serving</c>, or <c>Draining</c> while it finishes what is in flight.</summary>
    public string State { get; }

    /// <summary>When it began to serve.</summary>
    public DateTime StartTime { get; }

    /// <summary>The addresses it listens on, with the ports the system chose.</summary>
    public Uri[] Uri { get; }

    /// <summary>The configuration file; null for the built-in sample.</summary>
    public string? ConfigurationFile { get; }

    /// <summary>The event log, JSON lines; null when events go to a terminal.</summary>
    public string? LogFile { get; }

    /// <summary>The version of the host.</summary>
    public string Version { get; }

    /// <summary>Whether embedded mode is restricted; null when never set.</summary>
    public bool? RestrictEmbedded { get; }

    /// <summary>The Python of embedded mode in the front end; null while there is none.</summary>
    public string? Python { get; }

    /// <summary>Requests being served.</summary>
    public long ActiveRequests { get; }

    /// <summary>Requests served since the start.</summary>
    public long Requests { get; }

    /// <summary>The daemon groups.</summary>
    public DaemonInfo[] Daemons { get; }

    /// <summary>The routes, each with its first rate limit; Get-RateLimit has all.</summary>
    public RateLimitInfo[] Routes { get; }
}
