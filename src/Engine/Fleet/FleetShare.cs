using DaemonProxy.Pacing;

namespace DaemonProxy.Fleet;

/// <summary>A member's share of one limit: for a limit by client, of one client's.</summary>
public sealed class FleetShare : IDisposable
{
    /// <summary>What a limit that is not kept at all is set to, bytes a second.</summary>
    internal const long Unlimited = 1L << 40;

    private readonly FleetMember _member;
    private long _rate;

    internal FleetShare(FleetMember member, string key, long rate, TimeProvider time, PacingLoad load)
    {
        (_member, Key, _rate) = (member, key, rate);
        Limiter = ByteRateLimiter.CreateForShare(ByteRateLimiter.NoShare, time, load, () => _member.OnWanted(this));
    }

    /// <summary>The key on the server, which is the same for all members.</summary>
    public string Key { get; }

    /// <summary>Keeps the share.</summary>
    public ByteRateLimiter Limiter { get; }

    /// <summary>The fleet's rate, bytes a second.</summary>
    public long Rate
    {
        get => Volatile.Read(ref _rate);
        set
        {
            Volatile.Write(ref _rate, value);
            _member.OnRateChanged(this);
        }
    }

    /// <summary>The members that use the limit, as the server said last; 0: it has not said.</summary>
    public int Members { get; internal set; }

    /// <summary>The share in force, bytes a second; 0: none yet.</summary>
    public long Share => Limiter.Rate is > ByteRateLimiter.NoShare and var share ? share : 0;

    // What follows belongs to the member, under its lock.

    /// <summary>Whether the server may hold a record of this share.</summary>
    internal bool IsKnown { get; set; }

    /// <summary>Since when a response waits without a share; null: none does.</summary>
    internal long? WantedSince { get; set; }

    /// <summary>How many limits hold it: two while one configuration replaces another.</summary>
    internal int Holders { get; set; }

    internal bool IsInUse { get; set; }

    internal LimiterDemand Demand { get; set; }

    /// <summary>What the demand weighs for the server, hundredths of a response; 0: nobody uses the limit.</summary>
    internal int Weight { get; set; }

    internal int SentWeight { get; set; }

    internal long SentShare { get; set; }

    /// <summary>The number of the last call that it was in.</summary>
    internal long LastCall { get; set; }

    /// <summary>Whether the server should hear of it soon: it is new, or its weight or share in force is another than it knows.</summary>
    internal bool HasNews => !IsKnown || Weight != SentWeight || Share != SentShare;

    internal long DemandTaken { get; set; }

    /// <summary>Gives back what <see cref="FleetMember.Join"/> gave. The share ends with its last response.</summary>
    public void Dispose() => _member.Leave(this);
}
