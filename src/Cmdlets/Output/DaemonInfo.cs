using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>A daemon group of a running front end.</summary>
public sealed class DaemonInfo
{
    internal DaemonInfo(string name, DaemonStatus daemon)
    {
        Name = name;
        Daemon = daemon.Name;
        Source = daemon.Source.ToString();
        Application = daemon.Application;
        State = daemon.State.ToString();
        Address = daemon.Address;
        ProcessId = [.. daemon.Workers.Select(worker => worker.ProcessId).OfType<int>()];
        Restarts = daemon.Restarts;
        ActiveRequests = daemon.ActiveRequests;
        WaitingRequests = daemon.WaitingRequests;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The group's name.</summary>
    public string Daemon { get; }

    /// <summary>Where its processes come from: <c>Sample</c>, <c>Application</c>, <c>Command</c> or <c>Address</c>.</summary>
    public string Source { get; }

    /// <summary>The WSGI application: its script's full path, or module:callable; null for other groups.</summary>
    public string? Application { get; }

    /// <summary><c>Ready</c>, <c>Starting</c>, <c>BackingOff</c>, <c>Stopped</c>, or <c>External</c> for a server that somebody else runs.</summary>
    public string State { get; }

    /// <summary>Where an external group listens; null for processes that the front end runs.</summary>
    public string? Address { get; }

    /// <summary>Its processes.</summary>
    public int[] ProcessId { get; }

    /// <summary>How often a process was started again.</summary>
    public int Restarts { get; }

    /// <summary>Requests being served.</summary>
    public int ActiveRequests { get; }

    /// <summary>Requests that wait for a process.</summary>
    public int WaitingRequests { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Daemon} ({State})";
}
