using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// The flush delay of one response under <c>response-flush-delay: auto</c>. It minimises the time that a flush costs: what the bytes wait
/// for it, and, where the chain below waits for full writes, what a flush that was too early costs the transfer.
/// <list type="bullet">
/// <item>In an idle stream it is 0. Nothing will come soon, and the client is waiting.</item>
/// <item>In a transfer whose flushes cost nothing it is 1 ms: no rate is lost, and a stall shorter than that makes one write of two.</item>
/// <item>In a transfer whose flushes cost something it bridges the stalls that the application makes: all but the longest 2%, with a quarter
/// to spare, from 1 ms to 20 ms.</item>
/// </list>
/// </summary>
/// <param name="group">What the group's responses have taught; the response starts from it, and adds to it.</param>
internal struct AdaptiveDelay(LearntDelay group)
{
    private StallEstimate _stall = group.Stall;
    private bool _isIdle = group.IsIdle;

    /// <summary>The delay now.</summary>
    /// <param name="flushCost">The time that a flush costs in the chain below.</param>
    public readonly TimeSpan Current(TimeSpan flushCost) =>
        _isIdle ? TimeSpan.Zero : flushCost == TimeSpan.Zero ? LearntDelay.Shortest : _stall.Bridge;

    /// <summary>Learns from a dry spell.</summary>
    public void Learn(in DrySpell spell)
    {
        _isIdle = spell.Kind == DrySpellKind.Pause;
        if (!_isIdle) _stall.Learn(spell.Duration);
        group.Learn(spell);
    }
}

/// <summary>What the responses of a daemon group have taught about its stalls. Responses of any number of threads read and add to it; that
/// one of two additions at the same moment is lost does no harm to an estimate.</summary>
public sealed class LearntDelay
{
    /// <summary>The shortest delay in a transfer: a shorter one would only be a flush at once.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest delay: what is waited for beyond this is a pause to anybody who watches.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(20);

    // A group is idle when pauses outweigh stalls by this much.
    private const double IdleShare = 0.5;

    // The weight of a new spell: the last 50 or so count.
    private const double Weight = 0.02;

    private double _stall = StallEstimate.Start.Milliseconds;
    private double _pauses;

    /// <summary>The delay that would bridge the stalls of the group's transfers now.</summary>
    public TimeSpan Delay => Stall.Bridge;

    /// <summary>Whether most of the group's last dry spells were pauses.</summary>
    public bool IsIdle => Volatile.Read(ref _pauses) > IdleShare;

    internal StallEstimate Stall => new(Volatile.Read(ref _stall));

    internal void Learn(in DrySpell spell)
    {
        var isPause = spell.Kind == DrySpellKind.Pause;
        var pauses = Volatile.Read(ref _pauses);
        Volatile.Write(ref _pauses, pauses + Weight * ((isPause ? 1 : 0) - pauses));
        if (isPause) return;
        var stall = Stall;
        stall.Learn(spell.Duration);
        Volatile.Write(ref _stall, stall.Milliseconds);
    }
}

/// <summary>
/// An estimate of the time that 98% of the stalls do not exceed: each longer one raises it by half, and each shorter one lowers it by 1%, so
/// that it rests where one in fifty is longer.
/// </summary>
/// <param name="milliseconds">The estimate so far.</param>
internal struct StallEstimate(double milliseconds)
{
    private const double Rise = 1.5;
    private const double Fall = 0.99;
    private const double Spare = 1.25;

    /// <summary>The estimate before the first stall, so that the delay starts as the default, 5 ms.</summary>
    public static StallEstimate Start => new(4);

    /// <summary>The estimate, in milliseconds.</summary>
    public double Milliseconds { get; private set; } = milliseconds;

    /// <summary>The delay that bridges such stalls.</summary>
    public readonly TimeSpan Bridge =>
        TimeSpan.FromMilliseconds(Math.Clamp(Milliseconds * Spare, LearntDelay.Shortest.TotalMilliseconds, LearntDelay.Longest.TotalMilliseconds));

    /// <summary>Learns from a stall.</summary>
    public void Learn(TimeSpan stall)
    {
        // A stall beyond what any delay bridges must not lift the estimate far above the longest delay, or it would take long to come back.
        if (stall.TotalMilliseconds > Milliseconds) Milliseconds = Math.Min(Milliseconds * Rise, LearntDelay.Longest.TotalMilliseconds);
        else Milliseconds = Math.Max(Milliseconds * Fall, Shortest);
    }

    private const double Shortest = 0.05;
}
