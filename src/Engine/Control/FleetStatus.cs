using DaemonProxy.Configuration;

namespace DaemonProxy.Control;

/// <summary>The fleet that a front end belongs to.</summary>
public sealed record FleetStatus
{
    /// <summary>The fleet's name.</summary>
    public required string Fleet { get; init; }

    /// <summary>The address of its Redis server, without a password.</summary>
    public required string Redis { get; init; }

    /// <summary>The state of the connection: a <see cref="FleetState"/>.</summary>
    public required string State { get; init; }

    /// <summary>The front ends of the fleet, as the server said last.</summary>
    public int Members { get; init; }

    /// <summary>Why the server did not answer last; null: it did.</summary>
    public string? Failure { get; init; }

    /// <summary>What holds while the server is lost: a <see cref="FleetLoss"/>.</summary>
    public required string OnLoss { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Fleet}: {State}, {Members} {(Members == 1 ? "member" : "members")}, {Redis}{(Failure is null ? "" : $" ({Failure})")}";
}

/// <summary>The state of a front end's connection to its fleet's server.</summary>
public enum FleetState
{
    /// <summary>The server has not answered yet.</summary>
    Connecting,

    /// <summary>The server answers.</summary>
    Connected,

    /// <summary>The server has not answered for fleet-timeout.</summary>
    Lost,
}
