using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Fleet;

namespace DaemonProxy.Host.Fleet;

/// <summary>This front end as a member of a fleet: its state, and its connection to the server.</summary>
internal sealed class FleetMembership : IAsyncDisposable
{
    private readonly RedisFleetServer _server;
    private readonly FleetLink _link;

    /// <summary>Prepares the membership; nothing is connected yet.</summary>
    public FleetMembership(FleetOptions options, EventLog log, TimeProvider time)
    {
        Options = options;
        Member = new FleetMember(options, Guid.NewGuid().ToString("N")[..12], time);
        _server = new RedisFleetServer(options, Member.Channel, time);
        _link = new FleetLink(
            Member, _server, RedisFailure.NoAnswer(options), RedisFleetServer.CallTimeout(options), time, log, Describe(options));
    }

    /// <summary>The fleet.</summary>
    public FleetOptions Options { get; }

    /// <summary>What this front end knows of the fleet.</summary>
    public FleetMember Member { get; }

    /// <summary>Why the server did not answer last; null: it did.</summary>
    public string? Failure => _link.Failure;

    /// <summary>Tries whether a fleet's server can be used.</summary>
    /// <exception cref="FleetServerException">It cannot.</exception>
    public static async Task TryServerAsync(FleetOptions options)
    {
        var member = new FleetMember(options, "check", TimeProvider.System);
        var server = new RedisFleetServer(options, member.Channel, TimeProvider.System);
        await using (server) await server.TryAsync(member.FleetKey).ConfigureAwait(false);
    }

    /// <summary>Begins to call the server, in the background.</summary>
    public void Start() => _link.Start();

    /// <summary>The state, in the terms of the control contract.</summary>
    public FleetStatus Status() => new()
    {
        Fleet = Options.Name,
        Redis = Options.Redis.ToString(),
        State = (Member.IsLost ? FleetState.Lost : Member.HasAnswer ? FleetState.Connected : FleetState.Connecting).ToString(),
        Members = Member.Members,
        Failure = Failure,
        OnLoss = Options.OnLoss.ToString(),
    };

    private static string Describe(FleetOptions options) => options.OnLoss switch
    {
        FleetLoss.Keep => "the last shares stay in force",
        FleetLoss.Unlimited => "its limits do not hold",
        FleetLoss.Refuse => "new responses under its limits are refused",
        _ => "each front end takes the rate divided by the members that were there last",
    };

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }
}
