using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>The health of the servers of one group that somebody else runs, each of which is checked by itself.</summary>
public sealed class ExternalGroupHealth : IAsyncDisposable
{
    private readonly ExternalHealth[] _servers;

    /// <summary>Creates it without checking anything yet.</summary>
    /// <param name="group">A group with one address or several, and a health check.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="time">The clock.</param>
    public ExternalGroupHealth(DaemonGroup group, EventLog log, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(group);
        _servers = [.. group.Externals.Select(server => new ExternalHealth(group, server, log, time))];
        FirstReady = Task.WhenAny(_servers.Select(server => server.FirstReady)).Unwrap();
    }

    /// <summary>Completes when any of the servers is healthy for the first time.</summary>
    public Task FirstReady { get; }

    /// <summary>Ready while any of the servers gets requests.</summary>
    public DaemonState State
    {
        get
        {
            var states = _servers.Select(server => server.State).ToArray();
            return states.Contains(DaemonState.Ready) ? DaemonState.Ready
                : states.Contains(DaemonState.Unhealthy) ? DaemonState.Unhealthy : DaemonState.Starting;
        }
    }

    /// <summary>What the last check of a server showed that failed it; null: none did.</summary>
    public string? Obstacle => _servers.Select(server => server.Obstacle).FirstOrDefault(obstacle => obstacle is not null);

    /// <summary>Each of several servers with its state; empty when there is one.</summary>
    public IReadOnlyList<AddressStatus> Addresses => _servers.Length > 1 ? [.. _servers.Select(server => server.Status)] : [];

    /// <summary>Starts to check.</summary>
    public void Start()
    {
        foreach (var server in _servers) server.Start();
    }

    /// <summary>Stops checking.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask())).ConfigureAwait(false);
}
